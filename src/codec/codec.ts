// What a codec is: pixels to a JPEG and back, whole pictures at a time, inside a worker thread.

import type { PixelFormat, Size } from "../core/pixel-format.ts";
import { createJsquash } from "./jsquash.ts";

/** One frame's pixels, without padding; see core/pixel-format.ts for the layouts. */
export interface PixelFrame extends Size {
  format: PixelFormat;
  /** May lie in shared memory. */
  bytes: Uint8Array;
}

/** A codec lives in one worker thread and is used by one job at a time. */
export interface Codec {
  /** Makes a baseline JPEG in memory of its own. `quality` is 1–100 on libjpeg's scale. Throws CodecError. */
  encode(frame: PixelFrame, quality: number): Promise<Uint8Array<ArrayBuffer>>;
  /**
   * Writes the picture as RGBA, rows of `4 · width` bytes, into `target`, which may lie in shared memory.
   * Throws CodecError for bytes that are no picture and for a picture of another size than `target` has room for.
   */
  decode(jpeg: Uint8Array, target: Uint8Array): Promise<Size>;
}

const CODECS = { jsquash: createJsquash } as const satisfies Record<string, () => Promise<Codec>>;

export type CodecName = keyof typeof CODECS;
export const CODEC_NAMES = Object.keys(CODECS) as CodecName[];
export const DEFAULT_CODEC: CodecName = "jsquash";

/** Loads a codec's WebAssembly; some tens of milliseconds. */
export function createCodec(name: CodecName): Promise<Codec> {
  return CODECS[name]();
}
