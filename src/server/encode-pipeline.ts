// From captured frames to what viewers are sent: the newest frame goes to the codec threads, older ones are dropped.

import type { Arena } from "../codec/arena.ts";
import { type FrameSlot, FrameSlots } from "../codec/frame-slots.ts";
import { readJpegSize } from "../codec/jpeg-header.ts";
import type { JobResult } from "../codec/job.ts";
import type { CodecPool } from "../codec/pool.ts";
import type { Sampling } from "../codec/simd/encoder.ts";
import { type Micros, nowMicros } from "../core/clock.ts";
import { CodecError } from "../core/errors.ts";
import { frameBytes, type PixelFormat, type Size } from "../core/pixel-format.ts";
import { DropCounters, Durations, Rate, RecentMedian } from "../core/statistics.ts";
import type { CapturedPixels, EncodedPicture } from "./picture.ts";
import type { FrameSink } from "./sources/source.ts";
import type { FrameOutcome, TilePipeline } from "./tile-pipeline.ts";

/**
 * Why a captured frame never became a picture: `source` there was no room for it or it was damaged on the way in,
 * `stale` a newer one came before an encoder was free, `late` a newer one was finished first, `encode` the codec failed.
 */
export const SERVER_DROP_REASONS = ["source", "stale", "late", "encode"] as const;
export type ServerDropReason = (typeof SERVER_DROP_REASONS)[number];

/** One frame being written, one waiting, one spare for a change of hands; the rest are in the encoders' hands. */
const SLOTS_BESIDE_ENCODERS = 3;
/** Of tiles one frame is being encoded, and that which was encoded before is kept to compare with. */
const SLOTS_OF_TILES = 2;

type Captured = { pixels: CapturedPixels; picture: null } | { pixels: null; picture: EncodedPicture };

export interface PipelineOptions {
  arena: Arena;
  pool: CodecPool;
  quality: number;
  sampling: Sampling;
  /** Makes tiles of pixels; null where the codec only makes whole pictures. */
  tiles: TilePipeline | null;
  /** Whether anybody watches: if not, nothing is encoded and the newest frame is kept for whoever comes. */
  isWatched: () => boolean;
  publish: (picture: EncodedPicture) => void;
  onTrouble: (text: string | null) => void;
  /** After each captured frame, with the count so far. */
  onCaptured: (frames: number) => void;
}

export class EncodePipeline implements FrameSink {
  readonly drops = new DropCounters(SERVER_DROP_REASONS);
  readonly encodeDurations = new Durations();
  readonly captureRate = new Rate();
  readonly encodedRate = new Rate();
  readonly #options: PipelineOptions;
  readonly #captureIntervals = new RecentMedian(32);
  #slots: FrameSlots | null = null;
  #waiting: Captured | null = null;
  #encoding = 0;
  #captured = 0;
  #encoded = 0;
  #published = 0;
  #damaged = false;
  /** Of the newest frame; 0 × 0 before the first. */
  size: Size = { width: 0, height: 0 };
  #lastCapturedAt: Micros | null = null;

  constructor(options: PipelineOptions) {
    this.#options = options;
  }

  /** Frames that the source has delivered or lost. */
  get captured(): number {
    return this.#captured;
  }

  /** Pictures that were published to viewers. */
  get encoded(): number {
    return this.#encoded;
  }

  /** Median time between captured frames; 0 before the second. */
  get captureIntervalMicros(): number {
    return this.#captureIntervals.value ?? 0;
  }

  /** Whether nothing waits for an encoder or is in one. */
  get idle(): boolean {
    return this.#waiting === null && this.#encoding === 0;
  }

  reserve(format: PixelFormat, size: Size): FrameSlot | null {
    const bytes = frameBytes(format, size.width, size.height);
    if (this.#slots === null || this.#slots.slotBytes < bytes) {
      const { arena, pool, tiles } = this.#options;
      const encoding = tiles === null ? pool.threads : SLOTS_OF_TILES;
      this.#slots = new FrameSlots(arena, bytes, encoding + SLOTS_BESIDE_ENCODERS);
    }
    return this.#slots.acquire();
  }

  pixels(slot: FrameSlot, format: PixelFormat, size: Size, capturedAt: Micros): void {
    const frameNumber = this.#count(capturedAt);
    this.#offer({ pixels: { ...size, slot, format, frameNumber, capturedAt }, picture: null });
  }

  jpeg(bytes: Uint8Array, capturedAt: Micros): void {
    const frameNumber = this.#count(capturedAt);
    try {
      const encodedAt = nowMicros();
      const picture = { ...readJpegSize(bytes), frameNumber, capturedAt, encodedAt, jpeg: bytes, isPassedOn: true };
      this.#offer({ pixels: null, picture });
    } catch (error) {
      if (!(error instanceof CodecError)) throw error;
      this.drops.add("source");
      this.#damaged = true;
      this.#options.onTrouble(`the source sent a damaged picture: ${error.message}`);
    }
  }

  lost(): void {
    this.#count(nowMicros());
    this.drops.add("source");
  }

  trouble(text: string | null): void {
    this.#options.onTrouble(text);
  }

  /** Gives the newest frame to an encoder if there is one idle and somebody watches. Call when either may have changed. */
  pump(): void {
    const waiting = this.#waiting;
    const { tiles } = this.#options;
    tiles?.assist();
    if (waiting === null || !this.#options.isWatched()) return;
    if (waiting.picture !== null) {
      this.#waiting = null;
      this.#publish(waiting.picture);
      return;
    }
    if (tiles !== null) {
      this.#waiting = null; // before it is given away: it may be done at once
      this.#encoding++;
      if (tiles.tryStart(waiting.pixels, (outcome) => this.#finishTiles(outcome))) return;
      this.#waiting = waiting;
      this.#encoding--;
      return;
    }
    const { slot, format, width, height } = waiting.pixels;
    const { address } = slot;
    const { quality, sampling } = this.#options;
    const job = { kind: "encode", width, height, format, sampling, address, quality } as const;
    if (!this.#options.pool.tryRun(job, (result) => this.#finish(waiting.pixels, result))) return;
    this.#waiting = null;
    this.#encoding++;
  }

  /** Forgets the frame that waits: the source has been let go, and it would be old when somebody comes. */
  clear(): void {
    this.#waiting?.pixels?.slot.release();
    this.#waiting = null;
    this.#lastCapturedAt = null;
  }

  #count(capturedAt: Micros): number {
    if (this.#lastCapturedAt !== null) this.#captureIntervals.add(capturedAt - this.#lastCapturedAt);
    this.#lastCapturedAt = capturedAt;
    this.captureRate.add(capturedAt);
    this.#captured++;
    this.#options.onCaptured(this.#captured);
    return this.#captured;
  }

  #offer(captured: Captured): void {
    const older = this.#waiting;
    this.#waiting = captured;
    const { width, height } = captured.pixels ?? captured.picture;
    this.size = { width, height };
    older?.pixels?.slot.release();
    if (older !== null && this.#options.isWatched()) this.drops.add("stale");
    this.pump();
  }

  #finishTiles({ failure, busyMicros }: FrameOutcome): void {
    this.#encoding--;
    if (failure === null) {
      this.encodeDurations.record(busyMicros);
      this.#succeed();
    } else {
      this.#fail(failure);
    }
    this.pump();
  }

  #finish(frame: CapturedPixels, result: JobResult<"encode">): void {
    this.#encoding--;
    frame.slot.release();
    if (!result.ok) {
      this.#fail(result.message);
      return;
    }
    this.encodeDurations.record(result.busyMicros);
    const { width, height, frameNumber, capturedAt } = frame;
    const { jpeg } = result.value;
    this.#publish({ width, height, frameNumber, capturedAt, encodedAt: nowMicros(), jpeg, isPassedOn: false });
  }

  #fail(reason: string): void {
    this.drops.add("encode");
    this.#damaged = true;
    this.#options.onTrouble(`a frame was not encoded: ${reason}`);
  }

  #succeed(): void {
    if (this.#damaged) this.#options.onTrouble(null);
    this.#damaged = false;
    this.#encoded++;
    this.encodedRate.add(nowMicros());
  }

  #publish(picture: EncodedPicture): void {
    if (picture.frameNumber <= this.#published) {
      this.drops.add("late");
      return;
    }
    this.#published = picture.frameNumber;
    this.#succeed();
    this.#options.publish(picture);
  }
}
