// From captured frames to what viewers are sent: the newest frame goes to the codec threads, older ones are dropped.

import type { Arena } from "../../codec/memory/arena.ts";
import type { FrameSlot } from "../../codec/memory/frame-slots.ts";
import type { JobResult } from "../../codec/threads/job.ts";
import type { CodecPool } from "../../codec/threads/pool.ts";
import { type Micros, nowMicros } from "../../core/clock.ts";
import { CodecError } from "../../core/errors.ts";
import type { Sampling, PixelFormat, Size } from "../../core/pixel-format.ts";
import { DropCounters, Durations, Rate } from "../../core/statistics.ts";
import { CaptureRate } from "../../capture/capture-rate.ts";
import { CaptureSlots } from "../../capture/capture-slots.ts";
import { FrameTroubles } from "./frame-troubles.ts";
import { type AcceptedJpeg, JpegIntake } from "./jpeg-intake.ts";
import type { JpegBlock } from "../../capture/jpeg-blocks.ts";
import type { CapturedPixels, EncodedPicture } from "../picture.ts";
import type { Delivery, FrameSink } from "../../capture/source.ts";
import type { FrameOutcome, TileScheduler } from "./tile-scheduler.ts";
import { Transcoder } from "./transcoder.ts";

/**
 * Why a captured frame never became a picture: `source` there was no room for it or it was damaged on the way in,
 * `stale` a newer one came before an encoder was free, `late` a newer one was finished first, `encode` the codec failed.
 */
export const SERVER_DROP_REASONS = ["source", "stale", "late", "encode"] as const;
export type ServerDropReason = (typeof SERVER_DROP_REASONS)[number];

/** Of tiles one frame is being encoded, and that which was encoded before is kept to compare with. */
const SLOTS_OF_TILES = 2;

type Captured = { pixels: CapturedPixels; picture: null } | { pixels: null; picture: EncodedPicture };

/** Cameras damage a picture now and then, which is counted; that many one after the other are trouble. */
const DAMAGED_IN_A_ROW = 3;

export interface FrameDispatcherOptions {
  arena: Arena;
  pool: CodecPool;
  quality: number;
  sampling: Sampling;
  /** Makes tiles of pixels; null where the codec only makes whole pictures. */
  tiles: TileScheduler | null;
  /** Whether anybody watches: if not, nothing is encoded and the newest frame is kept for whoever comes. */
  isWatched: () => boolean;
  /** Whether somebody is to be sent tiles. If not, JPEGs of the source are not decoded. */
  wantsTiles: () => boolean;
  publish: (picture: EncodedPicture) => void;
  onTrouble: (text: string | null) => void;
  /** One line for the operator alone. */
  say: (text: string) => void;
  /** After each captured frame, with the count so far. */
  onCaptured: (frames: number) => void;
}

export class FrameDispatcher implements FrameSink {
  readonly drops = new DropCounters(SERVER_DROP_REASONS);
  readonly encodeDurations = new Durations();
  readonly captures = new CaptureRate();
  readonly encodedRate = new Rate();
  readonly #options: FrameDispatcherOptions;
  readonly #troubles: FrameTroubles;
  readonly #room: CaptureSlots;
  #waiting: Captured | null = null;
  #encoding = 0;
  #encoded = 0;
  #published = 0;
  /** The newest frame that the tile pipeline took. */
  #tiled = 0;
  readonly #intake = new JpegIntake((bytes) => this.reserveJpeg(bytes));
  /** JPEGs of the source, up to the newest one. */
  #damagedInARow = 0;
  #saidDamage = false;
  /** Null where no tiles can be made of JPEGs. */
  readonly #transcoder: Transcoder | null;
  /** Of the newest frame; 0 × 0 before the first. */
  size: Size = { width: 0, height: 0 };

  constructor(options: FrameDispatcherOptions) {
    this.#options = options;
    const { arena, pool, tiles } = options;
    this.#troubles = new FrameTroubles(options.onTrouble);
    this.#room = new CaptureSlots(arena, tiles === null ? pool.threads : SLOTS_OF_TILES, (what, trouble) => {
      if (trouble === null) this.#troubles.end(what);
      else this.#troubles.begin(what, trouble);
    });
    const transcoding = {
      pool,
      reserve: (size: Size) => this.reserve("rgba", size),
      isWanted: () => options.isWatched() && options.wantsTiles(),
      onPixels: (pixels: CapturedPixels) => this.#takeDecoded(pixels),
      onStale: () => this.drops.add("stale"),
      onStrange: () => this.drops.add("source"),
      onFailed: (reason: string) => this.#fail(reason),
    };
    this.#transcoder = tiles === null ? null : new Transcoder(transcoding);
  }

  /** Pictures that were published to viewers. */
  get encoded(): number {
    return this.#encoded;
  }

  /** Whether nothing waits for an encoder or is in one. */
  get idle(): boolean {
    return this.#waiting === null && this.#encoding === 0 && (this.#transcoder?.idle ?? true);
  }

  reserve(format: PixelFormat, size: Size): FrameSlot | null {
    return this.#room.reserve(format, size);
  }

  reserveJpeg(mostBytes: number): JpegBlock | null {
    return this.#room.reserveJpeg(mostBytes);
  }

  pixels(slot: FrameSlot, format: PixelFormat, size: Size, capturedAt: Micros): Delivery {
    const frameNumber = this.#count(this.captures.add(capturedAt));
    this.#troubles.end("source");
    return this.#offer({ pixels: { ...size, slot, format, frameNumber, capturedAt, isDecoded: false }, picture: null });
  }

  jpeg(slot: JpegBlock, jpegBytes: number, capturedAt: Micros): Delivery {
    const frameNumber = this.#count(this.captures.add(capturedAt));
    const encodedAt = nowMicros();
    const accepted = this.#accept(slot, jpegBytes);
    if (accepted === null) {
      slot.release();
      this.drops.add("source");
      return "dropped: the JPEG is damaged";
    }
    this.#troubles.end("source");
    return this.#offer({
      pixels: null,
      picture: { ...accepted, frameNumber, capturedAt, encodedAt, isPassedOn: true },
    });
  }

  /** Null where it is damaged, or there is no room to complete it. */
  #accept(slot: JpegBlock, jpegBytes: number): AcceptedJpeg | null {
    try {
      const accepted = this.#intake.accept(slot, jpegBytes);
      this.#damagedInARow = 0;
      return accepted;
    } catch (error) {
      if (!(error instanceof CodecError)) throw error;
      if (!this.#saidDamage) this.#options.say(`the source sent a damaged picture: ${error.message}`);
      this.#saidDamage = true; // the rest is counted
      const text = `the source sends damaged pictures: ${error.message}`;
      if (++this.#damagedInARow === DAMAGED_IN_A_ROW) this.#troubles.begin("source", text);
      return null;
    }
  }

  lost(): void {
    this.#count(this.captures.addLost(nowMicros()));
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
    picture.slot.release();
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
    releaseSlot(this.#waiting);
    this.#waiting = null;
    this.#transcoder?.clear();
    this.captures.interrupt();
  }

  #count(frameNumber: number): number {
    this.#options.onCaptured(frameNumber);
    return frameNumber;
  }

  #offer(captured: Captured): Delivery {
    const older = this.#waiting;
    const { width, height } = captured.pixels ?? captured.picture;
    this.size = { width, height };
    const isWatched = this.#options.isWatched();
    let outcome: Delivery = isWatched ? "taken" : "dropped: there are no viewers";
    if (isWatched && captured.picture !== null && older?.pixels?.isDecoded) {
      this.#passOn(captured.picture); // what was decoded goes on waiting for its tables
    } else {
      this.#waiting = captured;
      releaseSlot(older);
      if (older !== null && isWatched) {
        this.drops.add("stale");
        outcome = "replaced an older frame";
      }
    }
    this.pump();
    return outcome;
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
      this.#troubles.end("encode");
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
    const slot = this.reserveJpeg(jpeg.length);
    if (slot === null) {
      this.drops.add("encode");
      return;
    }
    slot.bytes.set(jpeg);
    const encoded = { slot, jpegBytes: jpeg.length, encodedAt: nowMicros() };
    this.#publish({ width, height, frameNumber, capturedAt, ...encoded, isPassedOn: false });
    slot.release();
  }

  #fail(reason: string): void {
    this.drops.add("encode");
    this.#troubles.begin("encode", `a frame was not encoded: ${reason}`);
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
    if (!picture.isPassedOn) this.#troubles.end("encode");
    this.#countEncoded();
    this.#options.publish(picture);
  }
}

function releaseSlot(captured: Captured | null): void {
  captured?.pixels?.slot.release();
  captured?.picture?.slot.release();
}
