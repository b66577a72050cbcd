// Makes a grey and darker copy of a picture, in a codec thread. Viewers show it instead of a picture that is too old.

import type { Arena } from "./memory/arena.ts";

/** A job that makes a grey copy of RGBA pixels. Both addresses are in the arena. */
export interface GreyJob {
  kind: "grey";
  address: number;
  /** The address of the copy. */
  target: number;
  /** The number of pixels. */
  pixels: number;
}

/** The brightness of the copy, as a share of the picture's brightness in 256ths. */
const DIMMED = 154;

/** Writes the copy. The pixels at `address` do not change. Luma is BT.601's, as in JPEG (JFIF 1.02). */
export function greyOut(arena: Arena, { address, target, pixels }: GreyJob): void {
  const from = new Uint32Array(arena.memory.buffer, address, pixels);
  const to = new Uint32Array(arena.memory.buffer, target, pixels);
  for (let at = 0; at < pixels; at++) {
    const rgba = from[at] as number; // The words are little-endian, so red is the lowest byte.
    const luma = (77 * (rgba & 255) + 150 * ((rgba >>> 8) & 255) + 29 * ((rgba >>> 16) & 255)) >>> 8;
    to[at] = (((luma * DIMMED) >>> 8) * 0x010101) | 0xff000000;
  }
}
