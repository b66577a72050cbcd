// The transcoder: decodes the newest JPEG of the source for viewers that cannot be sent it as it is.
//
// It decodes one picture at a time, and none while there are no such viewers. Viewers that take the JPEGs do not wait for it.

import type { FrameSlot } from "../../codec/memory/frame-slots.ts";
import type { CodecPool } from "../../codec/threads/pool.ts";
import { Newest } from "../../core/newest.ts";
import { frameBytes, type PixelFormat, type Size } from "../../core/pixel-format.ts";
import { type CapturedPixels, type EncodedPicture, jpegOf } from "../picture.ts";
import type { Demand } from "../renditions/sinks.ts";

/** Takes what the transcoder makes. The frame dispatcher is one. */
export interface PixelSink {
  /** A slot for the pixels of a frame; null while none is free. */
  reserve(format: PixelFormat, size: Size): FrameSlot | null;
  /** The sink owns the slot of `pixels` from here on. */
  decoded(pixels: CapturedPixels): void;
  /** A picture was not decoded. `stale`: a newer one replaced it. `source`: it alone has another size, so it is damaged. */
  dropped(reason: "stale" | "source"): void;
  /** The codec failed on a picture. */
  failed(reason: string): void;
}

export class Transcoder {
  readonly #pool: CodecPool;
  readonly #demand: Demand;
  readonly #sink: PixelSink;
  readonly #waiting = new Newest<EncodedPicture>();
  #isDecoding = false;
  /** Size of the last picture that was taken. */
  #size: Size | null = null;
  /** Whether the latest picture was left out because of its size. */
  #hasLeftOut = false;

  constructor(pool: CodecPool, demand: Demand, sink: PixelSink) {
    this.#pool = pool;
    this.#demand = demand;
    this.#sink = sink;
  }

  /** Whether no picture is being decoded, and none waits that is wanted. */
  get idle(): boolean {
    return !this.#isDecoding && (this.#waiting.value === null || !this.#isWanted);
  }

  get #isWanted(): boolean {
    return this.#demand.isWatched && this.#demand.wantsTiles;
  }

  /**
   * Takes a picture that was passed on, and retains its block. The picture waits until it can be decoded or a newer one comes, also
   * while no viewer wants it. A single picture of another size is usually damaged: it is left out, because following it
   * would restart all renditions, twice.
   */
  offer(picture: EncodedPicture): void {
    const { width, height } = picture;
    const isOtherSize = this.#size !== null && (this.#size.width !== width || this.#size.height !== height);
    if (isOtherSize && !this.#hasLeftOut) {
      this.#hasLeftOut = true;
      if (this.#isWanted) this.#sink.dropped("source");
      return;
    }
    this.#hasLeftOut = false;
    this.#size = { width, height };
    picture.block.retain();
    const replaced = this.#waiting.offer(picture);
    if (replaced === null) return;
    replaced.block.release();
    if (this.#isWanted) this.#sink.dropped("stale");
  }

  /** Decodes the waiting picture, if it is wanted and a thread and a slot are free. Call when that may have changed. */
  start(): void {
    const picture = this.#waiting.value;
    if (picture === null || this.#isDecoding || this.#pool.idleThreads === 0 || !this.#isWanted) return;
    const { width, height, frameNumber, capturedAt } = picture;
    const slot = this.#sink.reserve("rgba", { width, height });
    if (slot === null) return;
    const target = { address: slot.address, bytes: frameBytes("rgba", width, height) };
    // A copy: a job's bytes move to the thread, and viewers may still be sent these.
    const job = { kind: "decode", jpeg: new Uint8Array(jpegOf(picture)), target } as const;
    this.clear();
    this.#isDecoding = this.#pool.tryRun(job, (result) => {
      this.#isDecoding = false;
      if (result.ok) {
        this.#sink.decoded({ width, height, slot, format: "rgba", frameNumber, capturedAt, isDecoded: true });
      } else {
        slot.release();
        this.#sink.failed(result.message);
      }
    });
    if (!this.#isDecoding) throw new Error("no thread took the picture, though one was idle");
  }

  /** Forgets the waiting picture: it would be old when a viewer wants it. */
  clear(): void {
    this.#waiting.clear()?.block.release();
  }
}
