// The tile scheduler cuts each frame into bands (some lines of MCUs). Codec threads or the main thread (frame-workers.ts) encode
// the changed tiles of a band, and the scheduler stores their bytes in the renditions (one for each size and quality).
//
// All threads work on one frame at a time. The newest captured frame waits in dispatcher.ts.

import type { ArenaMemory } from "../../codec/memory/lent-memory.ts";
import type { OwnKernel } from "../../codec/threads/own-kernel.ts";
import type { CodecPool } from "../../codec/threads/pool.ts";
import { samplingOf } from "../../codec/jpeg/sampling.ts";
import { type BandOutput, bandStart, type TileEncoder, UNCHANGED } from "../../codec/tile-jobs.ts";
import { nowMicros } from "../../core/clock.ts";
import { CodecError } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";
import { halfSize, type Sampling, type Size } from "../../core/pixel-format.ts";
import type { TraceTrack } from "../../core/trace.ts";
import type { CapturedPixels } from "../picture.ts";
import { MAX_HALVINGS } from "../renditions/ladder.ts";
import type { RenditionRegistry } from "../renditions/registry.ts";
import type { Part, Rendition } from "../renditions/rendition.ts";
import type { Demand, TileSink } from "../renditions/sinks.ts";
import type { ChangedTiles } from "./changed-tiles.ts";
import type { EncodeFigures } from "./figures.ts";
import { FrameWorkers } from "./frame-workers.ts";
import { type FrameInWork, planFrame, type RenditionInWork } from "./frame-in-work.ts";
import { RenditionTables, type SourceLayout } from "./rendition-tables.ts";
import { Scale } from "./scale.ts";

/** The number of scales: full size, half and a quarter. ladder.ts uses no others. */
const SCALES = MAX_HALVINGS + 1;

export interface TileSchedulerOptions {
  arena: ArenaMemory;
  pool: CodecPool;
  /** The encoder of the main thread, for frames with little to encode. With null only codec threads encode. */
  own: OwnKernel<TileEncoder> | null;
  /** The noise bound of kernel/change-detect.ts. 0 detects every change, and null treats every tile as changed. */
  noise: number | null;
  /** The chroma sampling of all sizes. It also holds for halved pictures, because these are made from halved RGB. */
  sampling: Sampling;
  /** The source, with its nominal frame rate. Some sources know the rate only after their first frame. */
  source: { readonly framesPerSecond: number };
  renditions: RenditionRegistry;
  /** The addresses of free memory for tables. All cameras share them. */
  freeStates: number[];
  demand: Demand;
  /** The receivers of each frame, which are called in this order. */
  sinks: readonly TileSink[];
  /** Tells the changed tiles of each frame. Null if nobody needs them. */
  changes: ChangedTiles | null;
  figures: EncodeFigures;
  log: Log;
  track: TraceTrack | null;
}

export class TileScheduler {
  readonly #options: TileSchedulerOptions;
  readonly #tables: RenditionTables;
  readonly #workers: FrameWorkers;
  #source: SourceLayout | null = null;
  readonly #scales: Scale[];
  #frame: FrameInWork | null = null;

  constructor(options: TileSchedulerOptions) {
    this.#options = options;
    this.#tables = new RenditionTables(options);
    const { arena, pool, own } = options;
    this.#workers = new FrameWorkers({
      ...{ arena, pool, own },
      takeBand: (frame, band) => this.#takeBand(frame, band),
      ended: (frame) => this.#end(frame),
    });
    this.#scales = Array.from({ length: SCALES }, () => new Scale(options.arena));
  }

  /** Whether no frame is being encoded. */
  get idle(): boolean {
    return this.#frame === null;
  }

  /**
   * Takes a frame and its slot, and encodes it for all wanted renditions. The frame may be finished, or have failed, before this
   * method returns. Returns false when another frame is in work or no rendition is ready. Then call it again when threads become
   * idle.
   */
  tryStart(pixels: CapturedPixels): boolean {
    if (this.#frame !== null) return false;
    const { renditions: registry, sinks } = this.#options;
    this.#adapt(pixels);
    for (const rendition of registry.takeRetired()) this.#tables.release(rendition);
    const failure = this.#tables.takeFailure();
    if (failure !== null) {
      pixels.slot.release();
      this.#options.figures.failed(failure);
      return true;
    }
    const ready = registry.wanted.filter((each) => this.#tables.isReady(each, this.#scaleOf(each).size));
    // All threads may be busy, for example with tables. In this case the frame is not begun: it might be aborted, and after an
    // aborted frame each viewer needs a whole picture.
    if (ready.length === 0 || !this.#workers.areFree) return false;
    const frame = this.#tryDescribe(pixels, ready);
    if (frame === null) return true;
    this.#frame = frame;
    for (const rendition of ready) {
      rendition.open(pixels.frameNumber, pixels.capturedAt);
      if (!frame.job.saysParts) continue;
      for (const sink of sinks) sink.begin(rendition, pixels.frameNumber);
    }
    this.#workers.begin(frame);
    return true;
  }

  /** Drops what is kept for the next frame. Call it when no frame is encoded. */
  forget(): void {
    for (const rendition of this.#options.renditions.takeRetired()) this.#tables.release(rendition);
    for (const scale of this.#scales) scale.forget();
  }

  /** Gives the frame in work to threads that have become idle. */
  assist(): void {
    if (this.#frame !== null && !this.#frame.isOver) this.#workers.assist(this.#frame);
  }

  #scaleOf({ level }: Rendition): Scale {
    return this.#scales[level.halvings] as Scale;
  }

  /** Restarts scales and renditions when the size or format of the source has changed. */
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

  /** Begins the frame in work. Returns null when there is no memory, and then the frame has failed. */
  #tryDescribe(pixels: CapturedPixels, ready: readonly Rendition[]): FrameInWork | null {
    try {
      return this.#describe(pixels, ready);
    } catch (error) {
      if (!(error instanceof CodecError)) throw error;
      for (const scale of this.#scales) scale.forget(); // This also releases the slot, which the first scale owns.
      this.#options.figures.failed(error.message);
      return null;
    }
  }

  #describe(pixels: CapturedPixels, ready: readonly Rendition[]): FrameInWork {
    const { demand, noise } = this.#options;
    const tileCount = ready.reduce((sum, rendition) => sum + this.#scaleOf(rendition).grid.tileCount, 0);
    const division = this.#workers.divide(tileCount, (micros) => demand.wantsParts(micros));
    const { counterAddress } = this.#workers;
    return planFrame(pixels, { ready, scales: this.#scales, noise, division, counterAddress });
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

  /**
   * Passes a band's tiles to the renditions. The bytes are copied, because the thread will overwrite them with the next frame's
   * tiles.
   */
  #store(inWork: RenditionInWork, { first, count }: Part, bytes: Uint8Array): void {
    const { memory } = this.#options.arena;
    const { rendition, lengthsAddress } = inWork;
    const { refresh } = inWork.scale;
    const numbers: number[] = [];
    const lengths: number[] = [];
    for (const [index, length] of new Uint32Array(memory.buffer, lengthsAddress + 4 * first, count).entries()) {
      if (length === UNCHANGED) continue;
      const number = first + index;
      if (number < refresh.first || number >= refresh.first + refresh.count) inWork.hasChanged = true;
      numbers.push(number);
      lengths.push(length);
    }
    rendition.put(numbers, lengths, bytes);
  }

  #commit(frame: FrameInWork): void {
    frame.isOver = true;
    this.#follow(frame);
    for (const { rendition, bytes, hasChanged } of frame.renditions) {
      const { halvings } = rendition.level;
      const changedShare = (frame.changed[halvings] as number) / this.#scaleOf(rendition).grid.tileCount;
      rendition.commit(bytes, hasChanged);
      for (const sink of this.#options.sinks) sink.commit(rendition, changedShare);
    }
    this.#options.changes?.take(frame);
  }

  /** Writes a frame's steps to the log and the trace. */
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

  #end(frame: FrameInWork): void {
    this.#frame = null;
    const isWhole = frame.isOver;
    frame.isOver = true; // Messages of a failed thread that come later are ignored.
    for (const [halvings, changed] of frame.changed.entries()) {
      const scale = this.#scales[halvings];
      if (isWhole) scale?.finish(changed);
      else scale?.forget();
    }
    if (!isWhole) for (const { rendition } of frame.renditions) this.#abort(rendition);
    const { figures } = this.#options;
    if (!isWhole) {
      figures.failed(frame.failure ?? "its codec threads failed");
      return;
    }
    figures.succeeded(frame.busyMicros);
    const { isDecoded, capturedAt } = frame.pixels;
    if (isDecoded) return; // A frame that was decoded from a JPEG is already counted.
    const encodedAt = frame.renditions[0]?.rendition.encodedAt ?? nowMicros();
    figures.countEncoded(capturedAt, encodedAt);
  }

  #abort(rendition: Rendition): void {
    rendition.abort();
    for (const sink of this.#options.sinks) sink.abort(rendition);
  }
}
