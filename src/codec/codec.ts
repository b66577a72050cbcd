// What a codec is: pixels to a JPEG and back, whole pictures at a time, inside a worker thread.

import type { PixelFormat, Sampling, Size } from "../core/pixel-format.ts";
import type { TileEncoder } from "./tile-jobs.ts";

/** One frame's pixels in the arena, without padding; see core/pixel-format.ts for the layouts. */
export interface PixelFrame extends Size {
  format: PixelFormat;
  /** Default: 4:2:0. */
  sampling?: Sampling;
  address: number;
}

/** Where in the arena a decoded picture goes: exactly its RGBA bytes. */
export interface PixelTarget {
  address: number;
  bytes: number;
}

export interface Decoded extends Size {
  /** Some of it is missing or wrong, as far as the codec can tell, and grey instead. */
  isDamaged: boolean;
}

/** A codec lives in one worker thread and is used by one job at a time. */
export interface Codec {
  /** For codecs whose pictures can be made tile by tile; null for the others. */
  readonly tileEncoder: TileEncoder | null;
  /** Makes a baseline JPEG in memory of its own. `quality` is 1–100 on libjpeg's scale. Throws CodecError. */
  encode(frame: PixelFrame, quality: number): Promise<Uint8Array<ArrayBuffer>>;
  /**
   * Writes the picture as RGBA, rows of `4 · width` bytes, into the target.
   * Throws CodecError for bytes that are no picture and for a picture of another size than the target's.
   */
  decode(jpeg: Uint8Array, target: PixelTarget): Promise<Decoded>;
}
