// The frame dispatcher gives the newest captured frame to the right encoder, or passes on a JPEG of the source unchanged. It
// drops older frames.

import type { CaptureRate } from "../../capture/capture-rate.ts";
import { CaptureSlots } from "../../capture/capture-slots.ts";
import type { JpegBlock } from "../../capture/jpeg-blocks.ts";
import { Room } from "../../capture/room.ts";
import type { Delivery, FrameSink } from "../../capture/source.ts";
import type { ArenaMemory } from "../../codec/memory/lent-memory.ts";
import type { FrameSlot } from "../../codec/memory/frame-slots.ts";
import type { CodecPool } from "../../codec/threads/pool.ts";
import { type Micros, nowMicros } from "../../core/clock.ts";
import type { Log } from "../../core/log.ts";
import { Newest } from "../../core/newest.ts";
import type { PixelFormat, Sampling, Size } from "../../core/pixel-format.ts";
import type { TraceTrack } from "../../core/trace.ts";
import {
  type Captured,
  type CapturedPixels,
  isPicture,
  isPixels,
  isUnfit,
  releaseCaptured,
  type UnfitJpeg,
} from "../picture.ts";
import type { StreamHeader, Tiles } from "../../protocol/messages.ts";
import { RelayedTiles } from "../relay/relayed-tiles.ts";
import type { Demand, PictureSink, RelaySink, TileSink } from "../renditions/sinks.ts";
import { EncoderRest } from "./encoder-rest.ts";
import type { EncodeFigures } from "./figures.ts";
import { Passthrough } from "./passthrough.ts";
import { PicturePublisher } from "./picture-publisher.ts";
import type { TileScheduler } from "./tile-scheduler.ts";
import { type PixelSink, Transcoder } from "./transcoder.ts";
import { WholePictures } from "./whole-pictures.ts";

/**
 * The number of frames whose memory the tile encoder needs at a time: the frame in work, and the frame before, with which it is
 * compared.
 */
const SLOTS_OF_TILES = 2;

/** The receiver of the count of captured frames. */
export interface CaptureListener {
  /** Called for each captured frame. `frames` is the number of captured frames so far, including lost frames. */
  frameCaptured(frames: number): void;
}

export interface FrameDispatcherOptions {
  arena: ArenaMemory;
  pool: CodecPool;
  /** 1 to 100. */
  quality: number;
  sampling: Sampling;
  /** The encoder of tiles. It is null when the codec only makes whole pictures. */
  tiles: TileScheduler | null;
  demand: Demand;
  /** Receives whole pictures, which are encoded here or come from the source, and tiles of another server. */
  pictures: PictureSink & RelaySink;
  /** The receivers of each frame of tiles of another server. */
  sinks: readonly TileSink[];
  captures: CaptureRate;
  figures: EncodeFigures;
  listener: CaptureListener;
  log: Log;
  track: TraceTrack | null;
}

export class FrameDispatcher implements FrameSink, PixelSink {
  readonly #tiles: TileScheduler | null;
  readonly #demand: Demand;
  readonly #captures: CaptureRate;
  readonly #figures: EncodeFigures;
  readonly #listener: CaptureListener;
  readonly #slots: CaptureSlots;
  readonly #wholePictures: WholePictures;
  readonly #passthrough: Passthrough;
  readonly #transcoder: Transcoder;
  readonly #relayed: RelayedTiles;
  readonly #waiting = new Newest<Captured>();
  readonly room = new Room();
  readonly #rest: EncoderRest;
  /** The number of the newest frame that the tile scheduler has taken. */
  #tiled = 0;
  /** The size of the newest frame, or 0 × 0 before the first. */
  size: Size = { width: 0, height: 0 };

  constructor(options: FrameDispatcherOptions) {
    const { arena, pool, quality, sampling, tiles, demand, figures, log } = options;
    this.#tiles = tiles;
    this.#demand = demand;
    this.#rest = new EncoderRest(demand, () => this.pump());
    this.#captures = options.captures;
    this.#figures = figures;
    this.#listener = options.listener;
    const { health } = figures;
    const slots = new CaptureSlots(arena, tiles === null ? pool.threads : SLOTS_OF_TILES, (what, trouble) => {
      if (trouble === null) health.end(what);
      else if (!health.has(what)) health.begin(what, trouble);
    });
    this.#slots = slots;
    const sink = new PicturePublisher(options);
    this.#wholePictures = new WholePictures({ pool, quality, sampling, slots, figures, sink });
    this.#transcoder = new Transcoder(pool, demand, this);
    const transcoder = tiles === null ? null : this.#transcoder;
    this.#passthrough = new Passthrough({ slots, figures, sink, transcoder, log });
    this.#relayed = new RelayedTiles({ ...options, audience: options.pictures, slots });
  }

  /** Whether no frame waits for an encoder or is being encoded. */
  get idle(): boolean {
    return this.#waiting.value === null && this.#encodersIdle && this.#transcoder.idle;
  }

  get #encodersIdle(): boolean {
    return this.#wholePictures.idle && (this.#tiles?.idle ?? true);
  }

  /** Takes and publishes nothing more. Call it after the end of the source. */
  end(): void {
    this.#slots.end();
    this.clear();
  }

  /**
   * Ends the use of memory, after `end`. Returns whether no thread, source or viewer has a part of the memory any more. If not, call
   * it again later.
   */
  releaseMemory(): boolean {
    this.clear(); // A thread may have decoded a JPEG since the source ended.
    if (this.idle) this.#tiles?.forget();
    return this.idle && !this.#slots.areInUse;
  }

  reserve(format: PixelFormat, size: Size): FrameSlot | null {
    return this.#slots.reserve(format, size);
  }

  reserveJpeg(mostBytes: number): JpegBlock | null {
    return this.#slots.reserveJpeg(mostBytes);
  }

  pixels(slot: FrameSlot, format: PixelFormat, { width, height }: Size, capturedAt: Micros): Delivery {
    const frameNumber = this.#count(this.#captures.add(capturedAt));
    this.#figures.health.end("damage");
    this.#figures.health.end("kind");
    return this.#offer({ width, height, slot, format, frameNumber, capturedAt, isDecoded: false });
  }

  jpeg(block: JpegBlock, jpegBytes: number, capturedAt: Micros): Delivery {
    const frameNumber = this.#count(this.#captures.add(capturedAt));
    const encodedAt = nowMicros();
    const accepted = this.#passthrough.accept(block, jpegBytes);
    if (typeof accepted === "string") return accepted;
    this.#relayed.end();
    const { presentation, ...jpeg } = accepted;
    if (presentation !== null) return this.#offer({ ...jpeg, frameNumber, capturedAt, presentation });
    return this.#offer({ ...jpeg, frameNumber, capturedAt, encodedAt, isPassedOn: true });
  }

  stream(stream: StreamHeader): void {
    this.#relayed.begin(stream);
  }

  tiles(tiles: Tiles): void {
    const frame = this.#relayed.store(tiles);
    if (frame === null) return;
    this.#count(frame.frameNumber);
    this.#figures.health.end("damage");
    this.#figures.health.end("kind");
    this.size = frame.size;
    // A JPEG that waits for viewers is older than these tiles, which it would replace.
    if (this.#waiting.value !== null && !isPixels(this.#waiting.value)) releaseCaptured(this.#waiting.clear());
    this.#relayed.publish(frame);
    this.pump();
  }

  lost(): void {
    this.#count(this.#captures.addLost(nowMicros()));
    this.#figures.drops.add("source");
  }

  trouble(text: string | null, since?: Micros): void {
    if (text === null) this.#figures.health.end("source");
    else this.#figures.health.begin("source", text, since);
  }

  /**
   * Gives the newest frame to an idle encoder if a viewer watches. Call it when an encoder may be idle or a viewer may have come.
   */
  pump(): void {
    this.#tiles?.assist();
    if (this.#encodersIdle) this.#rest.idle();
    if (!this.#demand.isWatched) {
      this.room.set(true); // The newest frame is kept for the next viewer.
      return;
    }
    const newest = this.#waiting.take();
    if (newest !== null) {
      if (isPicture(newest)) this.#passthrough.passOn(newest);
      else if (isUnfit(newest)) this.#transcode(newest);
      else this.#encode(newest);
    }
    // The waiting JPEG is decoded only now, because a newer one may replace it until a thread is idle.
    if (this.#waiting.value === null && this.#encodersIdle) {
      this.#relayed.giveTo(this.#transcoder);
      this.#transcoder.start();
    }
    this.room.set(this.#waiting.value === null);
  }

  /** The audience calls this when a viewer could take another frame. A frame that was held back is then encoded. */
  awaited(): void {
    if (this.#rest.isResting) this.pump();
  }

  /** Drops the waiting frame when the source is released, because it would be too old for the next viewer. */
  clear(): void {
    releaseCaptured(this.#waiting.clear());
    this.#rest.clear();
    this.room.set(true);
    this.#transcoder.clear();
    this.#relayed.end();
    this.#captures.interrupt();
  }

  /** Receives the pixels of a JPEG that the transcoder has decoded. */
  decoded(pixels: CapturedPixels): void {
    // During the decoding the source may have delivered pixels, or the last viewer may have left.
    if (this.#waiting.value !== null || pixels.frameNumber <= this.#tiled) {
      pixels.slot.release();
      if (this.#demand.isWatched) this.#figures.drops.add("late");
    } else {
      this.#waiting.offer(pixels);
    }
    this.pump();
  }

  dropped(reason: "stale" | "source"): void {
    this.#figures.drops.add(reason);
  }

  failed(reason: string): void {
    this.#figures.failed(reason);
  }

  /**
   * Gives a JPEG that cannot be sent to viewers unchanged, with its memory block, to the transcoder. Returns whether it replaced
   * an older one.
   */
  #transcode(jpeg: UnfitJpeg): boolean {
    const hasReplaced = this.#transcoder.offer(jpeg);
    jpeg.block.release();
    return hasReplaced;
  }

  /**
   * Starts encoding a frame, or makes it wait again. The frame is not in `#waiting` during the call, because the call may finish
   * encoding it.
   */
  #encode(pixels: CapturedPixels): void {
    const tiles = this.#tiles;
    if (pixels.isDecoded && !this.#demand.wantsTiles) {
      pixels.slot.release(); // The last viewer that needed tiles has left.
      return;
    }
    const begunAt = nowMicros();
    const tryStart = () => (tiles === null ? this.#wholePictures.tryStart(pixels) : tiles.tryStart(pixels));
    if (!this.#rest.mayBegin() || !tryStart()) {
      this.#waiting.offer(pixels);
      return;
    }
    this.#rest.begin(begunAt);
    if (this.#encodersIdle) this.#rest.idle(); // The main thread has finished the frame already.
    if (tiles !== null) this.#tiled = pixels.frameNumber;
  }

  #count(frameNumber: number): number {
    this.#listener.frameCaptured(frameNumber);
    return frameNumber;
  }

  #offer(captured: Captured): Delivery {
    const older = this.#waiting.value;
    this.size = { width: captured.width, height: captured.height };
    const { isWatched } = this.#demand;
    let delivery: Delivery = isWatched ? "taken" : "dropped: there are no viewers";
    if (isWatched && isPicture(captured) && older !== null && isPixels(older) && older.isDecoded) {
      this.#passthrough.passOn(captured); // The JPEG of a decoded frame is still needed, because the frame waits for its tables.
    } else if (isWatched && isUnfit(captured) && (older === null || isPixels(older))) {
      if (this.#transcode(captured)) delivery = "replaced an older frame"; // Older pixels still wait for an encoder.
    } else {
      releaseCaptured(this.#waiting.offer(captured));
      if (older !== null && isWatched) {
        this.#figures.drops.add("stale");
        delivery = "replaced an older frame";
      }
    }
    this.pump();
    return delivery;
  }
}
