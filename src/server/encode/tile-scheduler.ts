// The tile scheduler: cuts each frame into bands, has the codec threads encode what changed, and commits it to renditions.
//
// All threads work on one frame at a time. Meanwhile the newest captured frame waits (dispatcher.ts).

import type { Arena } from "../../codec/memory/arena.ts";
import type { JobResult } from "../../codec/threads/job.ts";
import type { CodecPool } from "../../codec/threads/pool.ts";
import { samplingOf } from "../../codec/jpeg/sampling.ts";
import { type BandOutput, bandStart, UNCHANGED } from "../../codec/tile-jobs.ts";
import { nowMicros } from "../../core/clock.ts";
import { CodecError } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";
import { halfSize, type Sampling, type Size } from "../../core/pixel-format.ts";
import type { TraceTrack } from "../../core/trace.ts";
import type { CapturedPixels } from "../picture.ts";
import { MAX_HALVINGS } from "../renditions/ladder.ts";
import type { RenditionRegistry } from "../renditions/registry.ts";
import type { Rendition } from "../renditions/rendition.ts";
import type { Demand, Part, TileSink } from "../renditions/sinks.ts";
import type { EncodeFigures } from "./figures.ts";
import { type FrameInWork, planFrame, type RenditionInWork } from "./frame-in-work.ts";
import { RenditionTables, type SourceLayout } from "./rendition-tables.ts";
import { Scale } from "./scale.ts";

/** Full size, half and a quarter; ladder.ts asks for no others. */
const SCALES = MAX_HALVINGS + 1;

/** Bands for each thread, so that threads end at about the same time. */
const BANDS_PER_THREAD = 4;
/** Work that is worth waking a thread for: waking costs about 50 µs of processor time on either side. */
const MICROS_PER_THREAD = 1_000;

export interface TileSchedulerOptions {
  arena: Arena;
  pool: CodecPool;
  /** See kernel/change-detect.ts; 0 = exact, null = every tile counts as changed. */
  noise: number | null;
  /** The chroma sampling of all sizes: halved pictures are made from halved RGB, so 4:4:4 keeps the colour of each pixel there too. */
  sampling: Sampling;
  /** Nominal frames a second; some sources know it with their first frame only. */
  source: { readonly framesPerSecond: number };
  renditions: RenditionRegistry;
  demand: Demand;
  /** All of them are told of each frame, in this order. */
  sinks: readonly TileSink[];
  figures: EncodeFigures;
  log: Log;
  track: TraceTrack | null;
}

export class TileScheduler {
  readonly #options: TileSchedulerOptions;
  readonly #tables: RenditionTables;
  readonly #counterAddress: number;
  #source: SourceLayout | null = null;
  readonly #scales: Scale[];
  #frame: FrameInWork | null = null;
  /** How long threads were busy with the last frame, all of them together; the next will be much like it. */
  #expectedMicros = Number.POSITIVE_INFINITY;

  constructor(options: TileSchedulerOptions) {
    this.#options = options;
    this.#tables = new RenditionTables(options);
    this.#counterAddress = options.arena.take(4);
    this.#scales = Array.from({ length: SCALES }, () => new Scale(options.arena));
  }

  /** Whether no frame is being encoded. */
  get idle(): boolean {
    return this.#frame === null;
  }

  /**
   * Takes a frame, and its slot with it, to encode it for all renditions that are wanted. It may be encoded, or have failed,
   * before this returns. Returns false when that cannot be now: another frame is in work, or no rendition is ready. Call again
   * when threads become idle.
   */
  tryStart(pixels: CapturedPixels): boolean {
    if (this.#frame !== null) return false;
    const { renditions: registry, pool, sinks } = this.#options;
    this.#adapt(pixels);
    for (const rendition of registry.takeRetired()) this.#tables.release(rendition);
    const failure = this.#tables.takeFailure();
    if (failure !== null) {
      pixels.slot.release();
      this.#options.figures.failed(failure);
      return true;
    }
    const ready = registry.wanted.filter((each) => this.#tables.isReady(each, this.#scaleOf(each).size));
    // All threads may be making tables. A frame that was begun and then aborted would cost each viewer a whole picture.
    if (ready.length === 0 || pool.idleThreads === 0) return false;
    const frame = this.#tryDescribe(pixels, ready);
    if (frame === null) return true;
    this.#frame = frame;
    for (const rendition of ready) {
      rendition.open(pixels.frameNumber, pixels.capturedAt);
      if (!frame.job.saysParts) continue;
      for (const sink of sinks) sink.begin(rendition, pixels.frameNumber);
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

  #scaleOf({ level }: Rendition): Scale {
    return this.#scales[level.halvings] as Scale;
  }

  /** Restarts scales and renditions when the source has another size or format. */
  #adapt({ format, width, height, isDecoded }: CapturedPixels): void {
    if (this.#source?.format !== format || this.#source.width !== width || this.#source.height !== height) {
      this.#source = { format, width, height };
      this.#tables.start(this.#source);
      const sampling = samplingOf(format, this.#options.sampling);
      let size: Size = { width, height };
      for (const scale of this.#scales) {
        scale.start(format, sampling, size);
        size = halfSize(size);
      }
      for (const rendition of this.#options.renditions.wanted) this.#tables.release(rendition);
    }
    if (!isDecoded) for (const sink of this.#options.sinks) sink.useTiles({ width, height });
  }

  /** Null when there is no memory for it: then the frame has failed. */
  #tryDescribe(pixels: CapturedPixels, ready: readonly Rendition[]): FrameInWork | null {
    try {
      return this.#describe(pixels, ready);
    } catch (error) {
      if (!(error instanceof CodecError)) throw error;
      for (const scale of this.#scales) scale.forget(); // the first one has taken the slot
      this.#options.figures.failed(error.message);
      return null;
    }
  }

  #describe(pixels: CapturedPixels, ready: readonly Rendition[]): FrameInWork {
    const { arena, demand, noise } = this.#options;
    const threads = this.#threads();
    const saysParts = demand.wantsParts(this.#expectedMicros / threads);
    const bands = threads === 1 && !saysParts ? 1 : threads * BANDS_PER_THREAD;
    const counterAddress = this.#counterAddress;
    const frame = planFrame(pixels, { ready, scales: this.#scales, noise, threads, bands, saysParts, counterAddress });
    new Int32Array(arena.memory.buffer, counterAddress, 1)[0] = 0;
    return frame;
  }

  /** How many threads the next frame is worth. */
  #threads(): number {
    return Math.max(1, Math.min(this.#options.pool.threads, Math.ceil(this.#expectedMicros / MICROS_PER_THREAD)));
  }

  #takeBand(frame: FrameInWork, { band, changed, outputs }: BandOutput): void {
    if (frame.isOver) return;
    for (const [scale, count] of changed.entries()) frame.changed[scale] = (frame.changed[scale] ?? 0) + count;
    frame.bandsDone++;
    const isLast = frame.bandsDone === frame.job.bands;
    for (const [index, { address, bytes }] of outputs.entries()) {
      const inWork = frame.renditions[index] as RenditionInWork;
      const { halvings } = inWork.rendition.level;
      const first = bandStart(frame.job, halvings, band) * inWork.scale.tilesPerLine;
      const count = bandStart(frame.job, halvings, band + 1) * inWork.scale.tilesPerLine - first;
      const part: Part = { first, count, isLast };
      this.#store(inWork, part, this.#options.arena.bytes(address, bytes));
      inWork.bytes += bytes;
      if (!frame.job.saysParts) continue;
      for (const sink of this.#options.sinks) sink.part(inWork.rendition, part);
    }
    if (isLast) this.#commit(frame);
  }

  /** Copies the bytes: the thread will write the next frame's tiles over them. */
  #store({ rendition, lengthsAddress }: RenditionInWork, { first, count }: Part, bytes: Uint8Array): void {
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
    this.#follow(frame);
    for (const { rendition, bytes } of frame.renditions) {
      const { halvings } = rendition.level;
      const changedShare = (frame.changed[halvings] as number) / this.#scaleOf(rendition).grid.tileCount;
      rendition.commit(bytes);
      for (const sink of this.#options.sinks) sink.commit(rendition, changedShare);
    }
  }

  /** Shows a frame's way in the log and the trace. */
  #follow({ pixels: { frameNumber, capturedAt }, renditions, changed, startedAt }: FrameInWork): void {
    const { log, track } = this.#options;
    const isLogged = log.isEnabledFor("debug");
    if (!isLogged && track === null) return;
    const now = nowMicros();
    track?.below("waiting").span("capture to encoder", capturedAt, startedAt, { frame: frameNumber });
    for (const { rendition, bytes } of renditions) {
      const { halvings, quality } = rendition.level;
      const { width, height } = this.#scaleOf(rendition).size;
      const changedTiles = changed[halvings] as number;
      track?.span(`encode ${width}x${height} q${quality}`, startedAt, now, { frame: frameNumber, bytes, changedTiles });
      if (isLogged)
        log.debug(`frame ${frameNumber}: ${width}x${height} quality ${quality}, ${changedTiles} tiles, ${bytes} bytes`);
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
    // Only now: a thread that read the counter after its reset would take bands of the wrong frame.
    if (frame.threadsAtWork > 0) return;
    this.#frame = null;
    const isWhole = frame.isOver;
    frame.isOver = true; // late messages of a dead thread are ignored
    for (const [halvings, changed] of frame.changed.entries()) {
      const scale = this.#scales[halvings];
      if (isWhole) scale?.finish(changed);
      else scale?.forget();
    }
    if (!isWhole) for (const { rendition } of frame.renditions) this.#abort(rendition);
    this.#expectedMicros = frame.busyMicros;
    const { figures } = this.#options;
    if (!isWhole) {
      figures.failed(frame.failure ?? "its threads gave up");
      return;
    }
    figures.succeeded(frame.busyMicros);
    if (!frame.pixels.isDecoded) figures.countEncoded(); // the JPEG of a decoded frame was counted already
  }

  #abort(rendition: Rendition): void {
    rendition.abort();
    for (const sink of this.#options.sinks) sink.abort(rendition);
  }
}
