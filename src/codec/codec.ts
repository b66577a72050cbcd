// What a codec is: it turns pixels into a JPEG and back, whole pictures at a time, inside a codec thread.

import type { PixelFormat, Sampling, Size } from "../core/pixel-format.ts";
import type { TileEncoder } from "./tile-jobs.ts";

/** The pixels of one frame in the arena, without padding. core/pixel-format.ts has the layouts. */
export interface PixelFrame extends Size {
  format: PixelFormat;
  /** Default: 4:2:0. */
  sampling?: Sampling;
  address: number;
}

/** Where in the arena a decoded picture goes. */
export interface PixelTarget {
  address: number;
  /** Exactly the bytes of the picture as RGBA. */
  bytes: number;
}

export interface Decoded extends Size {
  /** Some of the picture is missing or wrong, as far as the codec can tell, and is grey. */
  isDamaged: boolean;
}

/** A codec lives in one worker thread and is used by one job at a time. */
export interface Codec {
  /** Encodes pictures tile by tile; null for codecs that cannot. */
  readonly tileEncoder: TileEncoder | null;
  /** Encodes to a baseline JPEG in new memory. `quality` is 1–100 on libjpeg's scale. Rejects with CodecError. */
  encode(frame: PixelFrame, quality: number): Promise<Uint8Array<ArrayBuffer>>;
  /**
   * Writes the picture as RGBA, rows of `4 · width` bytes, into the target.
   * Rejects with CodecError for bytes that are no picture, and for a picture whose size is not the target's.
   */
  decode(jpeg: Uint8Array, target: PixelTarget): Promise<Decoded>;
}
