// The two workers of `bench sharing` communicate through words in the arena.

import type { PixelPlane, TileTarget } from "../src/codec/simd/encoder.ts";
import type { PreparedPicture } from "../src/codec/tile-jobs.ts";

/** The indices of the control words. */
export const GO = 0;
export const DONE = 1;
export const KIND = 2;
export const CONTROL_WORDS = 3;

export const ENCODE = 0;
export const DECODE = 1;

export interface SharingSetup {
  memory: WebAssembly.Memory;
  /** The address of the control words. */
  control: number;
  encode: {
    picture: PreparedPicture;
    scratch: number;
    planes: readonly PixelPlane[];
    firstTile: number;
    tiles: number;
    target: TileTarget;
  };
  decode: { state: number; scratch: number; list: number; tiles: number; pixels: number; stride: number };
}
