// The interface of a codec. A codec encodes pixels to a JPEG and decodes JPEGs to pixels, inside a codec thread.

import type { PixelFormat, Sampling, Size } from "../core/pixel-format.ts";
import type { TileEncoder } from "./tile-jobs.ts";

/**
 * The pixels of one frame in the arena (the memory that all threads share), without padding. core/pixel-format.ts has the
 * layouts.
 */
export interface PixelFrame extends Size {
  format: PixelFormat;
  /** Default: 4:2:0. */
  sampling?: Sampling;
  address: number;
}

/** The memory in the arena for a decoded picture. */
export interface PixelTarget {
  address: number;
  /** The length of the memory, which is exactly the picture's size as RGBA. */
  bytes: number;
}

export interface Decoded extends Size {
  /** True if the codec found that parts of the picture are missing or wrong. These parts are grey. */
  isDamaged: boolean;
}

/** A codec. It lives in one worker thread, and one job uses it at a time. */
export interface Codec {
  /** The encoder for tiles, or null if the codec cannot encode tiles. */
  readonly tileEncoder: TileEncoder | null;
  /** Encodes to a baseline JPEG in new memory. `quality` is 1–100 on libjpeg's scale. Rejects with CodecError. */
  encode(frame: PixelFrame, quality: number): Promise<Uint8Array<ArrayBuffer>>;
  /**
   * Decodes a picture and writes it as RGBA, in rows of `4 · width` bytes, into the target. Rejects with CodecError for bytes
   * that are not a picture, and for a picture whose size is not the target's.
   */
  decode(jpeg: Uint8Array, target: PixelTarget): Promise<Decoded>;
}
