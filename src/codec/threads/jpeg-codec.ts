// The JPEG codec of the library: it encodes and decodes JPEGs on codec threads, with a limited queue.

import { CodecError, UsageError } from "../../core/errors.ts";
import { onAbort } from "../../core/on-abort.ts";
import {
  frameBytes,
  isPixelFormat,
  isUsableSize,
  MAX_SIDE_PIXELS,
  PIXEL_FORMATS,
  type PixelFormat,
  SAMPLINGS,
  type Sampling,
  type Size,
} from "../../core/pixel-format.ts";
import { readJpegHeader } from "../jpeg/header.ts";
import { withHuffmanTables } from "../jpeg/standard-huffman.ts";
import { Arena } from "../memory/arena.ts";
import { type Block, RecycledBlocks } from "../memory/recycled-blocks.ts";
import type { CodecRuntime } from "./codec-thread.ts";
import type { DecodeJob, EncodeJob, JobResult } from "./job.ts";
import { CodecPool } from "./pool.ts";

/** The size and format of `pixels`, and the encoding. Width and height are in pixels, 1 to 8192. */
export interface EncodeOptions extends Size {
  /** The format of the pixels, which have no padding between rows or planes. Default: `"rgba"`. */
  format?: PixelFormat;
  /** The quality from 1 (smallest file) to 100 (best picture), on libjpeg's scale. Default: 80. */
  quality?: number;
  /**
   * The chroma sampling. `"444"` keeps the colour of each pixel, for RGB formats. `"420"` halves the lines and columns of the
   * colour. Default: `"420"`.
   */
  sampling?: Sampling;
  /** When this signal aborts, the call rejects with the signal's reason. */
  signal?: AbortSignal;
}

export interface DecodeOptions {
  /** When this signal aborts, the call rejects with the signal's reason. */
  signal?: AbortSignal;
}

export interface DecodedJpeg extends Size {
  /** The pixels as RGBA, with `4 · width` bytes a row and the top row first. */
  pixels: Uint8Array<ArrayBuffer>;
  /** True if parts of the picture were missing or wrong. These parts are grey. */
  isDamaged: boolean;
}

/** The largest number of calls that wait for a thread. Further calls are refused. */
const MOST_WAITING = 1000;
const DEFAULT_QUALITY = 80;

/** A call that has not settled. */
interface Call {
  /** The number of bytes of shared memory that the call needs while a thread works on it. */
  bytes: number;
  begin(block: Block): EncodeJob | DecodeJob;
  /** Makes the job. `block` is its memory, which is released after the job. */
  settle(result: JobResult, block: Block): void;
  reject(error: unknown): void;
}

/** Encodes and decodes JPEGs on its own threads. While no call is open, it does not keep the process alive. */
export class JpegCodec implements AsyncDisposable {
  readonly #arena = Arena.create();
  readonly #blocks = new RecycledBlocks(this.#arena);
  readonly #pool: CodecPool;
  /** All calls that have not settled. Calls that wait for a thread are also in `#waiting`. */
  readonly #open = new Set<Call>();
  readonly #waiting: Call[] = [];
  /** The reason why calls are refused, or null. */
  #refusal: Error | null = null;

  constructor({ threads, runtime }: { threads: number; runtime: CodecRuntime }) {
    this.#pool = new CodecPool({
      codec: "simd",
      arena: this.#arena,
      threads,
      runtime,
      onIdle: () => this.#pump(),
      onBroken: (reason) => this.#refuse(new CodecError(reason.message, { cause: reason })),
      onRestarted: () => undefined, // the call that hit the defect is rejected with the reason
    });
    this.#pool.started.catch(() => undefined); // onBroken handles a failure
    this.#pool.keepProcessAlive(false);
  }

  /**
   * Encodes pixels to a baseline JPEG. They are read when a thread is free, so do not change them before the promise settles.
   * Rejects with UsageError for options that cannot be used, and with CodecError if encoding fails or too many calls wait.
   */
  async encode(pixels: Uint8Array | Uint8ClampedArray, options: EncodeOptions): Promise<Uint8Array<ArrayBuffer>> {
    const { width, height, format = "rgba", quality = DEFAULT_QUALITY, sampling = "420", signal } = options;
    checkEncodeOptions(pixels.length, { width, height, format, quality, sampling });
    return this.#call(signal, {
      bytes: pixels.length,
      begin: (block) => {
        this.#arena.bytes(block.address, pixels.length).set(pixels); // threads can read only the arena
        return { kind: "encode", width, height, format, sampling, quality, address: block.address };
      },
      valueOf: (value: { jpeg: Uint8Array<ArrayBuffer> }) => value.jpeg,
    });
  }

  /**
   * Decodes a JPEG of any kind, including progressive JPEGs. Its bytes are read when a thread is free, so do not change them
   * before the promise settles. Rejects with CodecError if the bytes are not a JPEG, cannot be decoded, or too many calls wait.
   */
  async decode(jpeg: Uint8Array, { signal }: DecodeOptions = {}): Promise<DecodedJpeg> {
    const header = readJpegHeader(jpeg);
    const { width, height } = header;
    const bytes = width * height * 4;
    const whole = withHuffmanTables(jpeg, header);
    return this.#call(signal, {
      bytes,
      begin: ({ address }) => ({
        kind: "decode",
        jpeg: new Uint8Array(whole), // copied, because its memory is transferred to the thread
        target: { address, bytes },
      }),
      valueOf: ({ isDamaged }: { isDamaged: boolean }, { address }) => ({
        pixels: new Uint8Array(this.#arena.bytes(address, bytes)), // copied, because the arena's memory is reused
        width,
        height,
        isDamaged,
      }),
    });
  }

  /** Ends the threads and rejects open calls. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#refuse(new UsageError("this JPEG codec was closed"));
    await this.#pool.close();
  }

  #call<Value, T>(
    signal: AbortSignal | undefined,
    work: {
      bytes: number;
      begin(block: Block): EncodeJob | DecodeJob;
      valueOf(value: Value, block: Block): T;
    },
  ): Promise<T> {
    if (this.#refusal !== null) return Promise.reject(this.#refusal);
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.#waiting.length >= MOST_WAITING) {
      return Promise.reject(new CodecError(`${MOST_WAITING} pictures already wait for a codec thread`));
    }
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const call: Call = {
      bytes: work.bytes,
      begin: work.begin,
      settle(result, block) {
        if (result.ok) resolve(work.valueOf(result.value as Value, block));
        else reject(new CodecError(result.message));
      },
      reject,
    };
    const listening = signal && onAbort(signal, () => this.#abandon(call, signal.reason));
    if (this.#open.size === 0) this.#pool.keepProcessAlive(true);

    this.#open.add(call);
    this.#waiting.push(call);
    this.#pump();
    return promise.finally(() => listening?.[Symbol.dispose]());
  }

  #pump(): void {
    while (this.#waiting.length > 0 && this.#pool.idleThreads > 0) this.#begin(this.#waiting.shift() as Call);
  }

  #begin(call: Call): void {
    let block: Block;
    try {
      block = this.#blocks.acquire(call.bytes);
    } catch (error) {
      this.#abandon(call, error); // The arena is full.
      return;
    }
    this.#pool.tryRun(call.begin(block), (result) => {
      // An aborted call was rejected before, but its memory is free only now.
      if (this.#close(call)) call.settle(result, block);
      this.#blocks.release(block);
    });
  }

  #abandon(call: Call, error: unknown): void {
    const at = this.#waiting.indexOf(call);
    if (at >= 0) this.#waiting.splice(at, 1);
    if (this.#close(call)) call.reject(error);
  }

  /** Removes a call. Returns whether it was open. */
  #close(call: Call): boolean {
    const wasOpen = this.#open.delete(call);
    if (wasOpen && this.#open.size === 0) this.#pool.keepProcessAlive(false);
    return wasOpen;
  }

  #refuse(refusal: Error): void {
    this.#refusal ??= refusal;
    for (const call of [...this.#open]) this.#abandon(call, refusal);
  }
}

function checkEncodeOptions(bytes: number, options: Required<Omit<EncodeOptions, "signal">>): void {
  const { width, height, format, quality, sampling } = options;
  if (!isUsableSize(width, height) || !Number.isInteger(width) || !Number.isInteger(height)) {
    throw new UsageError(
      `a picture of ${width}x${height} cannot be encoded: each side must be from 1 to ${MAX_SIDE_PIXELS} pixels`,
    );
  }
  if (!isPixelFormat(format)) throw new UsageError(`'${format}' is not a format: use ${PIXEL_FORMATS.join(", ")}`);
  if (!Number.isInteger(quality) || quality < 1 || quality > 100) {
    throw new UsageError(`quality must be a whole number from 1 to 100, not ${quality}`);
  }
  if (!SAMPLINGS.includes(sampling))
    throw new UsageError(`'${sampling}' is not a sampling: use ${SAMPLINGS.join(" or ")}`);
  const wanted = frameBytes(format, width, height);
  if (bytes !== wanted) {
    throw new UsageError(`a picture of ${width}x${height} ${format} must have ${wanted} bytes of pixels, not ${bytes}`);
  }
}
