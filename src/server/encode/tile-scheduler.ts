// From captured pixels to renditions: cuts each frame into bands, has the codec threads encode what changed, and commits.
//
// One frame is in work at a time, by all threads; what comes meanwhile waits, the newest only (encode-pipeline.ts).

import type { Arena } from "../../codec/memory/arena.ts";
import type { JobResult } from "../../codec/threads/job.ts";
import type { CodecPool } from "../../codec/threads/pool.ts";
import { samplingOf } from "../../codec/jpeg/sampling.ts";
import { type BandOutput, bandStart, type EncodeTilesJob, type ScaleJob, UNCHANGED } from "../../codec/tile-jobs.ts";
import { CodecError } from "../../core/errors.ts";
import { type Sampling, halfSize, type PixelFormat, type Size } from "../../core/pixel-format.ts";
import type { StreamHeader } from "../../protocol/messages.ts";
import { MAX_HALVINGS } from "../renditions/ladder.ts";
import type { CapturedPixels } from "../picture.ts";
import type { Rendition } from "../renditions/rendition.ts";
import type { RenditionRegistry } from "../renditions/registry.ts";
import { Scale } from "./scale.ts";

/** Full size, half and a quarter; ladder.ts asks for no others. */
const SCALES = MAX_HALVINGS + 1;

/** Bands for each thread, so that threads end at about the same time. */
const BANDS_PER_THREAD = 4;
/** Work that is worth waking a thread for: that alone costs about 50 µs of processor time on either side. */
const MICROS_PER_THREAD = 1_000;

export interface TileSchedulerOptions {
  arena: Arena;
  pool: CodecPool;
  /** See kernel/change-detect.ts; 0 = exact, null = every tile counts as changed. */
  noise: number | null;
  /** Of pictures in all sizes: halved ones are made of halved RGB, and keep the colour of each of their pixels too. */
  sampling: Sampling;
  framesPerSecond: number;
  renditions: RenditionRegistry;
  /** Whether to tell of a frame's parts as they are done, which may be after so long all together. */
  wantsParts: (encodingMicros: number) => boolean;
  /** With each frame that the source hands over as pixels: the size of its pictures. */
  onSource: (size: Size) => void;
  /** A frame begins whose parts will be told of. */
  onOpened: (rendition: Rendition, frameNumber: number) => void;
  /** `count` tiles from `first` on are as the open frame has them. */
  onPart: (rendition: Rendition, first: number, count: number, isLast: boolean) => void;
  onCommitted: (rendition: Rendition) => void;
  /** The open frame will not become whole. */
  onAborted: (rendition: Rendition) => void;
}

interface RenditionInWork {
  rendition: Rendition;
  scale: ScaleJob;
  lengthsAddress: number;
  /** That were encoded of it so far. */
  bytes: number;
}

interface FrameInWork {
  pixels: CapturedPixels;
  job: EncodeTilesJob;
  /** In the order of the outputs of a band. */
  renditions: RenditionInWork[];
  bandsDone: number;
  /** Tiles, by scale. */
  changed: number[];
  /** Most that it is given to at a time. */
  threads: number;
  threadsAtWork: number;
  busyMicros: number;
  failure: string | null;
  isOver: boolean;
  done: (outcome: FrameOutcome) => void;
}

/** How a frame's encoding ended; `failure` null = well. */
export interface FrameOutcome {
  failure: string | null;
  busyMicros: number;
}

export class TileScheduler {
  readonly #options: TileSchedulerOptions;
  readonly #counterAddress: number;
  #source: (Size & { format: PixelFormat }) | null = null;
  readonly #scales: Scale[];
  readonly #preparing = new Set<Rendition>();
  readonly #freeStates: number[] = [];
  #frame: FrameInWork | null = null;
  /** How long threads were busy with the last frame, all of them together; the next will be much like it. */
  #expectedMicros = Number.POSITIVE_INFINITY;
  /** Why the tables of a rendition could not be made. */
  #prepareFailure: string | null = null;

  constructor(options: TileSchedulerOptions) {
    this.#options = options;
    this.#counterAddress = options.arena.take(4);
    this.#scales = Array.from({ length: SCALES }, () => new Scale(options.arena));
  }

  /**
   * Takes a frame to encode it for all renditions that are wanted, and its slot with it; `done` is called once, maybe
   * before this returns. Returns false where that cannot be now: another frame is in work, or nothing is wanted or ready.
   * Call again when threads idle.
   */
  tryStart(pixels: CapturedPixels, done: (outcome: FrameOutcome) => void): boolean {
    if (this.#frame !== null) return false;
    const { renditions: all, pool } = this.#options;
    this.#adapt(pixels);
    for (const rendition of all.takeRetired()) this.#release(rendition);
    if (this.#prepareFailure !== null) {
      const failure = this.#prepareFailure;
      this.#prepareFailure = null;
      pixels.slot.release();
      done({ failure, busyMicros: 0 });
      return true;
    }
    const ready = all.wanted.filter((rendition) => this.#isReady(rendition, pixels));
    // Tables may be in the making in all threads. A frame that was opened and then given up would cost all viewers a whole one.
    if (ready.length === 0 || pool.idleThreads === 0) return false;
    const smallest = Math.max(...ready.map(({ level }) => level.halvings));
    const byScale = Array.from({ length: smallest + 1 }, (_, halvings) =>
      ready.filter(({ level }) => level.halvings === halvings),
    );
    const threads = this.#threads();
    const job = this.#tryDescribeJob(pixels, byScale, threads, done);
    if (job === null) return true;
    const renditions = job.scales.flatMap((scale, halvings) =>
      scale.renditions.map(({ lengthsAddress }, index) => {
        const rendition = byScale[halvings]?.[index] as Rendition;
        return { rendition, scale, lengthsAddress, bytes: 0 };
      }),
    );
    const frame: FrameInWork = {
      ...{ pixels, done, renditions, job, threads },
      changed: job.scales.map(() => 0),
      ...{ bandsDone: 0, threadsAtWork: 0, busyMicros: 0, failure: null, isOver: false },
    };
    this.#frame = frame;
    for (const rendition of ready) {
      rendition.open(pixels.frameNumber, pixels.capturedAt);
      if (frame.job.saysParts) this.#options.onOpened(rendition, pixels.frameNumber);
    }
    this.assist();
    return true;
  }

  /** Gives the frame in work to threads that have become idle. */
  assist(): void {
    const frame = this.#frame;
    if (frame === null || frame.isOver) return;
    const { arena, pool } = this.#options;
    const counter = new Int32Array(arena.memory.buffer, this.#counterAddress, 1);
    const begin = () =>
      pool.tryRun(
        frame.job,
        (result) => this.#finishThread(frame, result),
        (band) => this.#takeBand(frame, band),
      );
    const isLeft = () => frame.threadsAtWork < frame.threads && Atomics.load(counter, 0) < frame.job.bands;
    while (isLeft() && begin()) frame.threadsAtWork++;
  }

  /** A source of another size or layout makes everything anew. */
  #adapt({ format, width, height, isDecoded }: CapturedPixels): void {
    if (this.#source?.format !== format || this.#source.width !== width || this.#source.height !== height) {
      this.#source = { format, width, height };
      const sampling = samplingOf(format, this.#options.sampling);
      let size: Size = { width, height };
      for (const scale of this.#scales) {
        scale.start(format, sampling, size);
        size = halfSize(size);
      }
      for (const rendition of this.#options.renditions.wanted) this.#release(rendition);
    }
    if (!isDecoded) this.#options.onSource({ width, height });
  }

  /** Whether it has tables for the source's format; where not, a thread makes them. */
  #isReady(rendition: Rendition, { format, width: sourceWidth, height: sourceHeight }: CapturedPixels): boolean {
    if (rendition.picture !== null) return true;
    if (this.#preparing.has(rendition)) return false;
    const source = this.#source;
    const { width, height } = (this.#scales[rendition.level.halvings] as Scale).size;
    const { quality } = rendition.level;
    const stateAddress = this.#freeStates.pop() ?? null;
    const sampling = samplingOf(format, this.#options.sampling);
    const job = { kind: "prepare-tiles", width, height, format, sampling, quality, stateAddress } as const;
    const isTaken = this.#options.pool.tryRun(job, (result: JobResult<"prepare-tiles">) => {
      this.#preparing.delete(rendition);
      if (!result.ok) {
        if (stateAddress !== null) this.#freeStates.push(stateAddress);
        this.#prepareFailure = result.message;
        return;
      }
      // Nobody may want it any more, or the source may have changed.
      if (rendition.users === 0 || this.#source !== source) {
        this.#freeStates.push(result.value.picture.stateAddress);
        return;
      }
      const { framesPerSecond } = this.#options;
      const stream: Omit<StreamHeader, "jpegHeader"> = {
        ...{ width, height, framesPerSecond, codec: "simd", quality, sourceWidth, sourceHeight },
      };
      rendition.start(result.value.picture, stream);
    });
    if (isTaken) this.#preparing.add(rendition);
    else if (stateAddress !== null) this.#freeStates.push(stateAddress);
    return false;
  }

  /** Takes a rendition's tables back; no thread may be using them. */
  #release(rendition: Rendition): void {
    if (rendition.picture !== null) this.#freeStates.push(rendition.picture.stateAddress);
    rendition.stop();
  }

  /** How many threads the next frame is worth. */
  #threads(): number {
    return Math.max(1, Math.min(this.#options.pool.threads, Math.ceil(this.#expectedMicros / MICROS_PER_THREAD)));
  }

  /** Null where memory ends, which costs that frame: `done` has heard of it then. */
  #tryDescribeJob(
    pixels: CapturedPixels,
    renditions: Rendition[][],
    threads: number,
    done: (outcome: FrameOutcome) => void,
  ): EncodeTilesJob | null {
    try {
      return this.#describeJob(pixels, renditions, threads);
    } catch (error) {
      if (!(error instanceof CodecError)) throw error;
      for (const scale of this.#scales) scale.forget(); // the first one has taken the slot on
      done({ failure: error.message, busyMicros: 0 });
      return null;
    }
  }

  #describeJob(
    { slot, format, capturedAt }: CapturedPixels,
    renditions: Rendition[][],
    threads: number,
  ): EncodeTilesJob {
    const { arena, noise, wantsParts } = this.#options;
    const scales = renditions.map((sameSize, halvings) => {
      const scale = this.#scales[halvings] as Scale;
      return {
        ...scale.begin(halvings === 0 ? slot : null, capturedAt, noise),
        renditions: sameSize.map(({ picture, isNew }, index) => {
          if (picture === null) throw new Error("a rendition without tables was to be encoded");
          return { picture, isNew, lengthsAddress: scale.lengthsAddress(index) };
        }),
      };
    });
    const { mcuLines } = (this.#scales[0] as Scale).grid;
    const unit = 2 ** (scales.length - 1);
    const isStreamed = wantsParts(this.#expectedMicros / threads);
    const bands = threads === 1 && !isStreamed ? 1 : threads * BANDS_PER_THREAD;
    const bandLines = Math.ceil(mcuLines / bands / unit) * unit;
    new Int32Array(arena.memory.buffer, this.#counterAddress, 1)[0] = 0;
    return {
      ...{ kind: "encode-tiles", format, counterAddress: this.#counterAddress, scales, bandLines },
      bands: Math.ceil(mcuLines / bandLines),
      saysParts: isStreamed,
    };
  }

  #takeBand(frame: FrameInWork, { band, changed, outputs }: BandOutput): void {
    if (frame.isOver) return;
    for (const [scale, count] of changed.entries()) frame.changed[scale] = (frame.changed[scale] ?? 0) + count;
    frame.bandsDone++;
    const isLast = frame.bandsDone === frame.job.bands;
    for (const [index, { address, bytes }] of outputs.entries()) {
      const of = frame.renditions[index] as RenditionInWork;
      const { halvings } = of.rendition.level;
      const first = bandStart(frame.job, halvings, band) * of.scale.tilesPerLine;
      const count = bandStart(frame.job, halvings, band + 1) * of.scale.tilesPerLine - first;
      this.#store(of, first, count, this.#options.arena.bytes(address, bytes));
      of.bytes += bytes;
      if (frame.job.saysParts) this.#options.onPart(of.rendition, first, count, isLast);
    }
    if (isLast) this.#commit(frame);
  }

  /** The bytes are copied: the thread will encode the next frame to where they are. */
  #store({ rendition, lengthsAddress }: RenditionInWork, first: number, count: number, bytes: Uint8Array): void {
    const { memory } = this.#options.arena;
    const numbers: number[] = [];
    const lengths: number[] = [];
    for (const [index, length] of new Uint32Array(memory.buffer, lengthsAddress + 4 * first, count).entries()) {
      if (length === UNCHANGED) continue;
      numbers.push(first + index);
      lengths.push(length);
    }
    rendition.put(numbers, lengths, bytes);
  }

  #commit(frame: FrameInWork): void {
    frame.isOver = true;
    for (const { rendition, bytes } of frame.renditions) {
      rendition.commit(bytes);
      this.#options.onCommitted(rendition);
    }
  }

  #finishThread(frame: FrameInWork, result: JobResult<"encode-tiles">): void {
    frame.threadsAtWork--;
    if (result.ok) {
      frame.busyMicros += result.busyMicros;
      for (const band of result.value.bands) this.#takeBand(frame, band);
    } else {
      frame.failure ??= result.message;
    }
    // Only now: a thread that looked at the counter after it was set anew would take bands of the wrong frame.
    if (frame.threadsAtWork > 0) return;
    this.#frame = null;
    const isWhole = frame.isOver;
    frame.isOver = true; // a dead thread's last words may still come
    for (const [halvings, changed] of frame.changed.entries()) {
      const scale = this.#scales[halvings];
      if (isWhole) scale?.finish(changed);
      else scale?.forget();
    }
    if (!isWhole) for (const { rendition } of frame.renditions) this.#abort(rendition);
    this.#expectedMicros = frame.busyMicros;
    const failure = isWhole ? null : (frame.failure ?? "its threads gave up");
    frame.done({ failure, busyMicros: frame.busyMicros });
  }

  #abort(rendition: Rendition): void {
    rendition.abort();
    this.#options.onAborted(rendition);
  }
}
