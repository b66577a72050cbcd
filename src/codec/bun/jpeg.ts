// The functions encodeJpeg and decodeJpeg of the library. All callers in a process share their threads.

import { availableParallelism } from "node:os";
import { UsageError } from "../../core/errors.ts";
import { type DecodedJpeg, type DecodeOptions, type EncodeOptions, JpegCodec } from "../threads/jpeg-codec.ts";
import { BUN_RUNTIME } from "./runtime.ts";

/** The largest number of shared threads. More threads rarely help, because a caller cannot provide pictures that fast. */
const MOST_SHARED_THREADS = 4;
const MOST_THREADS = 64;

let shared: JpegCodec | null = null;

function sharedCodec(): JpegCodec {
  shared ??= createJpegCodec({ threads: Math.min(MOST_SHARED_THREADS, availableParallelism()) });
  return shared;
}

/**
 * Encodes raw pixels to a baseline JPEG, on threads that start at the first call and do not keep the process alive.
 * Calls at the same time run in parallel. Do not change `pixels` before the promise settles.
 *
 * Rejects with UsageError for options that cannot be used, and with CodecError if encoding fails.
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
 * Decodes an 8-bit JPEG to RGBA. The function does not turn the picture by its Exif orientation. It also decodes progressive and
 * arithmetic-coded JPEGs, CMYK, and JPEGs without Huffman tables, which some cameras make.
 *
 * Rejects with CodecError if the bytes are not a JPEG or cannot be decoded, for example JPEGs with 12 bits and lossless ones. For
 * a truncated JPEG, the existing part is decoded and `isDamaged` is true.
 *
 * @example
 * const { pixels, width, height } = await decodeJpeg(await Bun.file("photo.jpg").bytes());
 * const [red, green, blue] = pixels; // the upper left pixel
 */
export function decodeJpeg(jpeg: Uint8Array, options?: DecodeOptions): Promise<DecodedJpeg> {
  return sharedCodec().decode(jpeg, options);
}

/**
 * Starts separate threads for encoding and decoding, for programs that choose their number or end them.
 *
 * Throws UsageError for an invalid number of threads.
 *
 * @example
 * await using codec = createJpegCodec({ threads: 2 });
 * const { pixels, width, height } = await codec.decode(await Bun.file("photo.jpg").bytes());
 * await Bun.write("small.jpg", await codec.encode(pixels, { width, height, quality: 50 }));
 */
export function createJpegCodec({ threads }: { threads: number }): JpegCodec {
  if (!Number.isInteger(threads) || threads < 1 || threads > MOST_THREADS) {
    throw new UsageError(`the number of threads must be a whole number from 1 to ${MOST_THREADS}, not ${threads}`);
  }
  return new JpegCodec({ threads, runtime: BUN_RUNTIME });
}
