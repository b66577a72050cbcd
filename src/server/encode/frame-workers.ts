// The workers of a frame: codec threads and the main thread, which all take bands from a common counter. A frame that needs less
// time than waking a thread is encoded in the main thread alone. For a larger frame it takes its share while it would only wait.

import type { ArenaMemory } from "../../codec/memory/lent-memory.ts";
import type { JobFailure, JobSuccess } from "../../codec/threads/job.ts";
import { type OwnKernel, STRETCH_MICROS } from "../../codec/threads/own-kernel.ts";
import { UsualTime } from "../../codec/threads/usual-time.ts";
import type { CodecPool } from "../../codec/threads/pool.ts";
import type { BandOutput, TileEncoder } from "../../codec/tile-jobs.ts";
import type { Micros } from "../../core/clock.ts";
import type { Division, FrameInWork } from "./frame-in-work.ts";

/** The number of bands for each worker. Several bands let the workers finish at about the same time. */
const BANDS_PER_WORKER = 4;
/** The main thread takes no part in a frame that needs more time, because it has other work meanwhile. */
const MOST_SHARED_MICROS: Micros = 3_000;
/**
 * The assumed time to encode a tile. Slower machines use the measured time instead. From this time the size of the main thread's
 * bands is computed: a band whose tiles have all changed takes no longer than a stretch.
 */
const TILE_MICROS: Micros = 5;

export interface FrameWorkersOptions {
  arena: ArenaMemory;
  pool: CodecPool;
  /** The encoder of the main thread. With null only codec threads encode. */
  own: OwnKernel<TileEncoder> | null;
  /** Takes each encoded band. */
  takeBand: (frame: FrameInWork, band: BandOutput) => void;
  /** Called when no worker is left, either because all bands are done or because the frame has failed. */
  ended: (frame: FrameInWork) => void;
}

export class FrameWorkers {
  readonly #options: FrameWorkersOptions;
  /** The number of bands that workers have taken. It has no memory before the first frame. */
  #counter: Int32Array | null = null;
  /** The time of a frame, over all workers. The next frame will need about the same. */
  readonly #frameTime = new UsualTime(Number.POSITIVE_INFINITY);
  readonly #tileTime = new UsualTime(TILE_MICROS);

  constructor(options: FrameWorkersOptions) {
    this.#options = options;
  }

  /** The address of the counter of bands. Throws CodecError when the arena is full. */
  get counterAddress(): number {
    if (this.#counter === null) {
      const { arena } = this.#options;
      const address = arena.take(4); // this may make the memory grow, so its buffer is read afterwards
      this.#counter = new Int32Array(arena.memory.buffer, address, 1);
    }
    return this.#counter.byteOffset;
  }

  /** Whether a frame can be begun. If not, all threads are busy, for example with tables. */
  get areFree(): boolean {
    return this.#hasOwn || this.#options.pool.idleThreads > 0;
  }

  get #hasOwn(): boolean {
    return this.#frameTime.micros <= MOST_SHARED_MICROS && this.#options.own?.isReady === true;
  }

  /**
   * Divides the next frame. `tileCount` is the sum over its renditions. `wantsParts` tells whether the viewers want parts of a frame
   * that takes this long.
   */
  divide(tileCount: number, wantsParts: (micros: Micros) => boolean): Division {
    const { pool } = this.#options;
    const expectedMicros = this.#frameTime.micros;
    const workers = pool.waking.workersFor(expectedMicros, pool.threads);
    const hasOwn = this.#hasOwn;
    const saysParts = wantsParts(expectedMicros / workers);
    const forWorkers = workers === 1 && !saysParts ? 1 : workers * BANDS_PER_WORKER;
    const forStretches = hasOwn
      ? Math.ceil((tileCount * Math.max(TILE_MICROS, this.#tileTime.micros)) / STRETCH_MICROS)
      : 1;
    return { hasOwn, threads: hasOwn ? workers - 1 : workers, bands: Math.max(forWorkers, forStretches), saysParts };
  }

  /** Begins a frame, and may finish it. */
  begin(frame: FrameInWork): void {
    if (this.#counter !== null) this.#counter[0] = 0;
    this.assist(frame);
    const { own } = this.#options;
    if (!frame.hasOwn || own === null) return;
    frame.isOwnAtWork = true;
    let encoded: BandOutput[] = [];
    own.run({
      step(encoder, mayGoOn) {
        encoded = [];
        if (frame.failure !== null) return true;
        return encoder.encode(frame.job, (band) => encoded.push(band), mayGoOn);
      },
      handOn: (isFinished) => {
        if (!isFinished) this.#wakeMore(frame, encoded.length);
        for (const band of encoded) this.#options.takeBand(frame, band);
      },
      done: (result) => {
        frame.isOwnAtWork = false;
        this.#finish(frame, result);
      },
    });
  }

  /** Gives a frame to threads that have become idle. */
  assist(frame: FrameInWork): void {
    const begin = () =>
      this.#options.pool.tryRun(
        frame.job,
        (result) => {
          frame.threadsAtWork--;
          if (result.ok) for (const band of result.value.bands) this.#options.takeBand(frame, band);
          this.#finish(frame, result);
        },
        (band) => this.#options.takeBand(frame, band),
      );
    while (frame.threadsAtWork < frame.threads && this.#bandsLeft(frame) > 0 && begin()) frame.threadsAtWork++;
  }

  #bandsLeft({ job }: FrameInWork): number {
    return this.#counter === null ? 0 : job.bands - Atomics.load(this.#counter, 0);
  }

  /** Wakes more threads if more is left than was expected, after a stretch in which the main thread has encoded so many bands. */
  #wakeMore(frame: FrameInWork, encodedBands: number): void {
    const { pool } = this.#options;
    const restMicros = (this.#bandsLeft(frame) * STRETCH_MICROS) / Math.max(1, encodedBands);
    frame.threads = Math.max(frame.threads, pool.waking.workersFor(restMicros, pool.threads + 1) - 1);
    this.assist(frame);
  }

  #finish(frame: FrameInWork, result: JobSuccess<unknown> | JobFailure): void {
    if (result.ok) frame.busyMicros += result.busyMicros;
    else frame.failure ??= result.message;
    // A frame ends only when no worker is left. Otherwise a late thread could take a band of the next frame from the shared
    // counter.
    if (frame.threadsAtWork > 0 || frame.isOwnAtWork) return;
    // The times of workers that have failed are missing.
    if (frame.failure === null) this.#recordTimes(frame);
    this.#options.ended(frame);
  }

  #recordTimes({ renditions, busyMicros }: FrameInWork): void {
    this.#frameTime.record(busyMicros);
    const tiles = renditions.reduce((sum, { scale }) => sum + scale.mcuLines * scale.tilesPerLine, 0);
    this.#tileTime.record(busyMicros / tiles);
  }
}
