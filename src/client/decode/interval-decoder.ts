// Decodes a whole picture with several threads at once. This needs restart markers in the picture, because the intervals between
// them can be decoded independently (T.81 E.1.4), like tiles.
//
// The main thread reads the header and finds the markers. Each thread takes groups of intervals with a shared counter until none
// is left. The thread that finishes the last group converts the rows of pixels between the groups.

import type { Arena } from "../../codec/memory/arena.ts";
import { GrowingBlock } from "../../codec/memory/growing-block.ts";
import type { CodecPool } from "../../codec/threads/pool.ts";
import { type DecoderExports, instantiateDecoder, JpegPicture } from "../../codec/simd/decoder.ts";
import { seams, shareOut } from "../../codec/jpeg/tile-rectangles.ts";
import { KernelError } from "../../codec/simd/kernel-status.ts";
import { BATCHES_LEFT, COUNTERS_BYTES, NEXT_BATCH } from "../../codec/tile-jobs.ts";

/** The number of groups for each thread. Several groups let threads finish at about the same time. */
const RUNS_PER_THREAD = 3;

/** The result of decoding. `failure` is the reason why there is no picture, or null if there is a picture. */
export interface IntervalsOutcome {
  failure: string | null;
  /** True when parts of the picture are missing. They are grey. */
  isDamaged: boolean;
  /** The sum of the times that threads were busy. */
  busyMicros: number;
}

/**
 * Loads the kernel that this thread uses to read headers, and creates the decoder. Threads of the pool decode the
 * intervals.
 */
export async function createIntervalDecoder(arena: Arena, pool: CodecPool): Promise<IntervalDecoder> {
  return new IntervalDecoder(arena, pool, instantiateDecoder(await pool.wasm.kernel("decoder"), arena.memory));
}

/** Decodes one picture at a time, because its memory is reused for the next picture. */
export class IntervalDecoder {
  readonly #arena: Arena;
  readonly #pool: CodecPool;
  readonly #kernel: DecoderExports;
  readonly #picture: JpegPicture;
  readonly #input: GrowingBlock;
  readonly #counters: number;
  #running = 0;

  constructor(arena: Arena, pool: CodecPool, kernel: DecoderExports) {
    this.#arena = arena;
    this.#pool = pool;
    this.#kernel = kernel;
    this.#picture = new JpegPicture(kernel, arena.memory, (bytes) => arena.take(bytes));
    this.#input = new GrowingBlock(arena);
    this.#counters = arena.take(COUNTERS_BYTES);
  }

  /** Whether threads are decoding a picture. */
  get isBusy(): boolean {
    return this.#running > 0;
  }

  /**
   * Begins to decode a picture to RGBA at the address `pixels`, and calls `done` once at the end. Returns false for a picture
   * that this decoder cannot decode: no interval begins at the start of a line of MCUs, or only another codec supports this kind
   * of JPEG. Call it only while `isBusy` is false and a thread is idle. Throws CodecError when the arena is full.
   */
  tryDecode(jpeg: Uint8Array, pixels: number, done: (outcome: IntervalsOutcome) => void): boolean {
    const prepared = this.#prepare(jpeg);
    if (prepared === null) return false;
    const { batches, rectangles, strideBytes, isTruncated } = prepared;
    const words = new Int32Array(this.#arena.memory.buffer, this.#counters, COUNTERS_BYTES / 4);
    words[NEXT_BATCH] = 0;
    words[BATCHES_LEFT] = batches.length;
    const { state, scratchBytes, list } = this.#picture;
    const job = {
      kind: "tiles",
      state,
      scratchBytes,
      list,
      batches,
      counters: this.#counters,
      pixels,
      strideBytes,
      convertsLines: true,
      rectangles,
    } as const;
    const outcome: IntervalsOutcome = { failure: null, isDamaged: isTruncated, busyMicros: 0 };
    this.#running = Math.min(batches.length, this.#pool.idleThreads);
    for (let thread = this.#running; thread > 0; thread--) {
      const isTaken = this.#pool.tryRun(job, (result) => {
        if (result.ok) {
          outcome.busyMicros += result.busyMicros;
          outcome.isDamaged ||= result.value.isDamaged;
        } else {
          outcome.failure ??= result.message;
        }
        if (--this.#running === 0) done(outcome);
      });
      if (!isTaken) throw new Error("no codec thread accepted the picture, although a thread was idle");
    }
    return true;
  }

  #prepare(jpeg: Uint8Array) {
    const address = this.#input.reserve(jpeg.length);
    this.#arena.bytes(address, jpeg.length).set(jpeg); // threads can read only the arena
    try {
      const info = this.#picture.readHeader(address, jpeg.length);
      const shares = info.isInterleaved ? shareOut(info, RUNS_PER_THREAD * this.#pool.threads) : [];
      if (shares.length < 2) return null;
      this.#picture.indexTiles(address, jpeg.length);
      return {
        batches: shares.map(({ tiles }) => tiles),
        rectangles: seams(info, shares, this.#kernel.waitingRows(this.#picture.state, 0)).flatMap(
          ({ x, y, width, height }) => [x, y, width, height],
        ),
        strideBytes: info.width * 4,
        isTruncated: this.#picture.isTruncated,
      };
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      return null; // The caller then has the whole picture decoded by a single thread, which also reports errors.
    }
  }
}
