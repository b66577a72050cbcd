// The transcoder decodes JPEGs of the source for viewers that need tiles, for example because they want a smaller size.
//
// It decodes one picture at a time, and only while there are viewers that need tiles. Other viewers do not wait for it. JPEGs
// that are sent to no viewer (UnfitJpeg) are decoded while there is any viewer.

import type { FrameSlot } from "../../codec/memory/frame-slots.ts";
import type { CodecPool } from "../../codec/threads/pool.ts";
import type { Micros } from "../../core/clock.ts";
import { Newest } from "../../core/newest.ts";
import { frameBytes, type PixelFormat, type Size } from "../../core/pixel-format.ts";
import { type CapturedPixels, type FramedJpeg, jpegOf, type UnfitJpeg } from "../picture.ts";
import type { Demand } from "../renditions/sinks.ts";

/** The receiver of decoded pictures. The frame dispatcher implements it. */
export interface PixelSink {
  /** Returns a slot for the pixels of a frame, or null while no slot is free. */
  reserve(format: PixelFormat, size: Size): FrameSlot | null;
  /** Takes the pixels of a decoded picture. The sink owns their slot from now on. */
  decoded(pixels: CapturedPixels): void;
  /**
   * Called for a picture that was not decoded. `stale` means that a newer one has replaced it. `source` means that only this picture
   * has another size, so it is probably damaged.
   */
  dropped(reason: "stale" | "source"): void;
  /** Called when the codec failed on a picture. */
  failed(reason: string): void;
}

type Transcoded = FramedJpeg | UnfitJpeg;

export class Transcoder {
  readonly #pool: CodecPool;
  readonly #demand: Demand;
  readonly #sink: PixelSink;
  readonly #waiting = new Newest<Transcoded>();
  #isDecoding = false;
  /** The capture time of the last picture that was decoded. */
  #decodedAt: Micros = Number.NEGATIVE_INFINITY;
  /** The size of the last accepted picture. */
  #size: Size | null = null;
  /** Whether the last picture was dropped because of its size. */
  #hasLeftOut = false;

  constructor(pool: CodecPool, demand: Demand, sink: PixelSink) {
    this.#pool = pool;
    this.#demand = demand;
    this.#sink = sink;
  }

  /** Whether there is no work: no picture is being decoded, and no picture waits that a viewer needs. */
  get idle(): boolean {
    return !this.#isDecoding && !this.#isWanted(this.#waiting.value);
  }

  /** Whether a JPEG that was captured at this time would be decoded at once, because viewers need its tiles. */
  wantsNow(capturedAt: Micros): boolean {
    if (this.#isDecoding || this.#pool.idleThreads === 0) return false;
    return this.#demand.isWatched && this.#isDue(capturedAt);
  }

  #isWanted(picture: Transcoded | null): boolean {
    if (picture === null || !this.#demand.isWatched) return false;
    if (presentationOf(picture) !== null) return true;
    return this.#isDue(picture.capturedAt);
  }

  #isDue(capturedAt: Micros): boolean {
    return this.#demand.wantsTiles && capturedAt - this.#decodedAt >= this.#demand.tilesIntervalMicros;
  }

  /**
   * Takes a picture that was passed on or that is unfit, and retains its block. The picture waits until it can be decoded or a
   * newer one comes, even while no viewer needs it. A single picture of another size is dropped, because it is usually damaged,
   * and a change of size restarts all renditions. With `isSizeSure` it is taken. Returns whether the picture has replaced another one
   * that a viewer needs.
   */
  offer(picture: Transcoded, isSizeSure = false): boolean {
    const { width, height } = picture;
    const isOtherSize = this.#size !== null && (this.#size.width !== width || this.#size.height !== height);
    if (isOtherSize && !isSizeSure && !this.#hasLeftOut) {
      this.#hasLeftOut = true;
      if (this.#isWanted(picture)) this.#sink.dropped("source");
      return false;
    }
    this.#hasLeftOut = false;
    this.#size = { width, height };
    picture.block.retain();
    const replaced = this.#waiting.offer(picture);
    if (replaced === null) return false;
    replaced.block.release();
    const wasWanted = this.#isWanted(replaced);
    if (wasWanted) this.#sink.dropped("stale");
    return wasWanted;
  }

  /**
   * Decodes the waiting picture if a viewer wants it and a thread and a slot are free. Call it when one of these may have
   * changed.
   */
  start(): void {
    const picture = this.#waiting.value;
    if (picture === null || this.#isDecoding || this.#pool.idleThreads === 0 || !this.#isWanted(picture)) return;
    const { width, height, frameNumber, capturedAt } = picture;
    const slot = this.#sink.reserve("rgba", { width, height });
    if (slot === null) return;
    const target = { address: slot.address, bytes: frameBytes("rgba", width, height) };
    const presentation = presentationOf(picture);
    const how = presentation === null ? {} : { presentation };
    // The bytes are copied, because a job's bytes are transferred to the thread, and the original may still have to be sent to
    // viewers.
    const job = { kind: "decode", jpeg: new Uint8Array(jpegOf(picture)), target, ...how } as const;
    this.clear();
    this.#decodedAt = capturedAt;
    this.#isDecoding = this.#pool.tryRun(job, (result) => {
      this.#isDecoding = false;
      if (result.ok) {
        const isDecoded = presentation === null;
        this.#sink.decoded({ width, height, slot, format: "rgba", frameNumber, capturedAt, isDecoded });
      } else {
        slot.release();
        this.#sink.failed(result.message);
      }
    });
    if (!this.#isDecoding) throw new Error("no codec thread accepted the picture, although a thread was idle");
  }

  /** Drops the waiting picture, because it would be too old when a viewer wants it. */
  clear(): void {
    this.#waiting.clear()?.block.release();
  }
}

function presentationOf(picture: Transcoded): UnfitJpeg["presentation"] | null {
  return "presentation" in picture ? picture.presentation : null;
}
