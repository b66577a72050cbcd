// encodeJpeg and decodeJpeg: JPEGs on threads that all callers of a process share.

import { availableParallelism } from "node:os";
import { UsageError } from "../../core/errors.ts";
import { type DecodedJpeg, type DecodeOptions, type EncodeOptions, JpegCodec } from "../threads/jpeg-codec.ts";
import { BUN_RUNTIME } from "./runtime.ts";

/** More threads than this are rarely faster than what feeds them. */
const MOST_SHARED_THREADS = 4;
const MOST_THREADS = 64;

let shared: JpegCodec | null = null;

function sharedCodec(): JpegCodec {
  shared ??= createJpegCodec({ threads: Math.min(MOST_SHARED_THREADS, availableParallelism()) });
  return shared;
}

/**
 * Encodes raw pixels to a baseline JPEG, on threads that start at the first call and do not keep the process alive.
 * Several calls at a time run in parallel. Do not change `pixels` before the promise settles.
 *
 * Rejects with UsageError for options that cannot be used, CodecError where encoding fails.
 *
 * @example
 * const pixels = new Uint8Array(640 * 480 * 4).fill(255);
 * const jpeg = await encodeJpeg(pixels, { width: 640, height: 480, quality: 90 });
 * await Bun.write("white.jpg", jpeg);
 */
export function encodeJpeg(
  pixels: Uint8Array | Uint8ClampedArray,
  options: EncodeOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  return sharedCodec().encode(pixels, options);
}

/**
 * Decodes a JPEG of any kind (progressive ones, and those without Huffman tables as cameras make them, included) to RGBA.
 *
 * Rejects with CodecError where the bytes are no JPEG or cannot be decoded. A JPEG that is cut off is decoded as far as it goes,
 * with `isDamaged` true.
 *
 * @example
 * const { pixels, width, height } = await decodeJpeg(await Bun.file("photo.jpg").bytes());
 * const [red, green, blue] = pixels; // the upper left pixel
 */
export function decodeJpeg(jpeg: Uint8Array, options?: DecodeOptions): Promise<DecodedJpeg> {
  return sharedCodec().decode(jpeg, options);
}

/**
 * Starts threads of its own for encoding and decoding, for programs that want to say how many, or to end them.
 *
 * Throws UsageError for a number of threads that cannot be used.
 *
 * @example
 * await using codec = createJpegCodec({ threads: 2 });
 * const { pixels, width, height } = await codec.decode(await Bun.file("photo.jpg").bytes());
 * await Bun.write("small.jpg", await codec.encode(pixels, { width, height, quality: 50 }));
 */
export function createJpegCodec({ threads }: { threads: number }): JpegCodec {
  if (!Number.isInteger(threads) || threads < 1 || threads > MOST_THREADS) {
    throw new UsageError(`${threads} threads cannot be started: use a whole number from 1 to ${MOST_THREADS}`);
  }
  return new JpegCodec({ threads, runtime: BUN_RUNTIME });
}
