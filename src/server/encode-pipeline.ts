// From captured frames to what viewers are sent: the newest frame goes to the codec threads, older ones are dropped.

import type { Arena } from "../codec/arena.ts";
import { type FrameSlot, FrameSlots } from "../codec/frame-slots.ts";
import type { JobResult } from "../codec/job.ts";
import type { CodecPool } from "../codec/pool.ts";
import type { Sampling } from "../codec/simd/encoder.ts";
import { type Micros, nowMicros } from "../core/clock.ts";
import { CodecError } from "../core/errors.ts";
import { frameBytes, type PixelFormat, type Size } from "../core/pixel-format.ts";
import { DropCounters, Durations, Rate, RecentMedian } from "../core/statistics.ts";
import { JpegIntake } from "./jpeg-intake.ts";
import type { CapturedPixels, EncodedPicture } from "./picture.ts";
import type { FrameSink } from "./sources/source.ts";
import type { FrameOutcome, TilePipeline } from "./tile-pipeline.ts";
import { Transcoder } from "./transcoder.ts";

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

/** What can be wrong with frames: the source damaged them, or they cannot be encoded (or decoded, to be encoded anew). */
type Failing = "source" | "encode";

export interface PipelineOptions {
  arena: Arena;
  pool: CodecPool;
  quality: number;
  sampling: Sampling;
  /** Makes tiles of pixels; null where the codec only makes whole pictures. */
  tiles: TilePipeline | null;
  /** Whether anybody watches: if not, nothing is encoded and the newest frame is kept for whoever comes. */
  isWatched: () => boolean;
  /** Whether somebody is to be sent tiles. If not, JPEGs of the source are not decoded. */
  wantsTiles: () => boolean;
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
  /** The newest frame that the tile pipeline took. */
  #tiled = 0;
  readonly #intake = new JpegIntake();
  /** Null where no tiles can be made of JPEGs. */
  readonly #transcoder: Transcoder | null;
  readonly #failing = new Set<Failing>();
  /** Of the newest frame; 0 × 0 before the first. */
  size: Size = { width: 0, height: 0 };
  #lastCapturedAt: Micros | null = null;

  constructor(options: PipelineOptions) {
    this.#options = options;
    const transcoding = {
      pool: options.pool,
      reserve: (size: Size) => this.reserve("rgba", size),
      isWanted: () => options.isWatched() && options.wantsTiles(),
      onPixels: (pixels: CapturedPixels) => this.#takeDecoded(pixels),
      onStale: () => this.drops.add("stale"),
      onStrange: () => this.drops.add("source"),
      onFailed: (reason: string) => this.#fail(reason),
    };
    this.#transcoder = options.tiles === null ? null : new Transcoder(transcoding);
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
    return this.#waiting === null && this.#encoding === 0 && (this.#transcoder?.idle ?? true);
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
    this.#recover("source");
    this.#offer({ pixels: { ...size, slot, format, frameNumber, capturedAt, isDecoded: false }, picture: null });
  }

  jpeg(bytes: Uint8Array, capturedAt: Micros): void {
    const frameNumber = this.#count(capturedAt);
    let picture: EncodedPicture;
    try {
      const encodedAt = nowMicros();
      picture = { ...this.#intake.accept(bytes), frameNumber, capturedAt, encodedAt, isPassedOn: true };
    } catch (error) {
      if (!(error instanceof CodecError)) throw error;
      this.drops.add("source");
      this.#complain("source", `the source sent a damaged picture: ${error.message}`);
      return;
    }
    this.#recover("source");
    this.#offer({ pixels: null, picture });
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
    this.#options.tiles?.assist();
    if (!this.#options.isWatched()) return;
    const waiting = this.#waiting;
    if (waiting?.picture) {
      this.#waiting = null;
      this.#passOn(waiting.picture);
    }
    if (waiting?.pixels) this.#encode(waiting.pixels);
    // Only now: a newer picture may come before there is a thread for this one.
    if (this.#waiting === null && this.#encoding === 0) this.#transcoder?.start();
  }

  #passOn(picture: EncodedPicture): void {
    this.#publish(picture);
    this.#transcoder?.offer(picture);
  }

  #encode(pixels: CapturedPixels): void {
    const { tiles, pool, quality, sampling, wantsTiles } = this.#options;
    if (tiles === null) {
      const { slot, format, width, height } = pixels;
      const job = { kind: "encode", width, height, format, sampling, address: slot.address, quality } as const;
      if (!pool.tryRun(job, (result) => this.#finish(pixels, result))) return;
      this.#waiting = null;
      this.#encoding++;
      return;
    }
    this.#waiting = null; // before it is given away: it may be done at once
    if (pixels.isDecoded && !wantsTiles()) {
      pixels.slot.release(); // who wanted it has gone meanwhile
      return;
    }
    this.#encoding++;
    if (tiles.tryStart(pixels, (outcome) => this.#finishTiles(outcome, pixels))) {
      this.#tiled = pixels.frameNumber;
      return;
    }
    this.#waiting = { pixels, picture: null };
    this.#encoding--;
  }

  /** Forgets the frame that waits: the source has been let go, and it would be old when somebody comes. */
  clear(): void {
    this.#waiting?.pixels?.slot.release();
    this.#waiting = null;
    this.#transcoder?.clear();
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
    const { width, height } = captured.pixels ?? captured.picture;
    this.size = { width, height };
    const isWatched = this.#options.isWatched();
    if (isWatched && captured.picture !== null && older?.pixels?.isDecoded) {
      this.#passOn(captured.picture); // what was decoded goes on waiting for its tables
    } else {
      this.#waiting = captured;
      older?.pixels?.slot.release();
      if (older !== null && isWatched) this.drops.add("stale");
    }
    this.pump();
  }

  #takeDecoded(pixels: CapturedPixels): void {
    // The source may have handed over pixels since, or nobody may watch.
    if (this.#waiting !== null || pixels.frameNumber <= this.#tiled) {
      pixels.slot.release();
      if (this.#options.isWatched()) this.drops.add("late");
    } else {
      this.#waiting = { pixels, picture: null };
    }
    this.pump();
  }

  #finishTiles({ failure, busyMicros }: FrameOutcome, { isDecoded }: CapturedPixels): void {
    this.#encoding--;
    if (failure === null) {
      this.encodeDurations.record(busyMicros);
      this.#recover("encode");
      if (!isDecoded) this.#countEncoded();
    } else {
      this.#fail(failure);
    }
    // The pool says itself that a thread is idle, and it may be another camera's turn.
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
    this.#complain("encode", `a frame was not encoded: ${reason}`);
  }

  #complain(what: Failing, text: string): void {
    this.#failing.add(what);
    this.#options.onTrouble(text);
  }

  /** A frame of which that is true was well. */
  #recover(what: Failing): void {
    if (this.#failing.delete(what) && this.#failing.size === 0) this.#options.onTrouble(null);
  }

  #countEncoded(): void {
    this.#encoded++;
    this.encodedRate.add(nowMicros());
  }

  #publish(picture: EncodedPicture): void {
    if (picture.frameNumber <= this.#published) {
      this.drops.add("late");
      return;
    }
    this.#published = picture.frameNumber;
    if (!picture.isPassedOn) this.#recover("encode");
    this.#countEncoded();
    this.#options.publish(picture);
  }
}
