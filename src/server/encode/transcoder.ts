// From JPEGs of the source to pixels, for viewers that cannot be sent them as they are: the newest, one at a time.
//
// Nothing is decoded while there are no such viewers. Those that take the JPEGs are not kept waiting for it.

import type { FrameSlot } from "../../codec/memory/frame-slots.ts";
import type { CodecPool } from "../../codec/threads/pool.ts";
import { frameBytes, type Size } from "../../core/pixel-format.ts";
import { type CapturedPixels, type EncodedPicture, jpegOf } from "../picture.ts";

export interface TranscoderOptions {
  pool: CodecPool;
  /** Room for RGBA pixels; null while there is none. */
  reserve: (size: Size) => FrameSlot | null;
  /** Whether pixels are wanted now. */
  isWanted: () => boolean;
  /** They are the receiver's now. */
  onPixels: (pixels: CapturedPixels) => void;
  /** A newer picture came before this one's turn. */
  onStale: () => void;
  /** A picture is of another size than those before it, and is left out. */
  onStrange: () => void;
  onFailed: (reason: string) => void;
}

export class Transcoder {
  readonly #options: TranscoderOptions;
  /** The newest picture; null once it has been decoded. */
  #waiting: EncodedPicture | null = null;
  #isDecoding = false;
  #size: Size | null = null;
  /** The one before was of another size and was left out. */
  #wasStrange = false;

  constructor(options: TranscoderOptions) {
    this.#options = options;
  }

  /** Whether there is nothing to be done. */
  get idle(): boolean {
    return !this.#isDecoding && (this.#waiting === null || !this.#options.isWanted());
  }

  /**
   * Takes a picture that has been passed on. It waits, also for somebody who wants it, until there is a newer one. One alone of
   * another size is damaged, as a rule: making tiles of it would make everything anew, twice.
   */
  offer(picture: EncodedPicture): void {
    const { width, height } = picture;
    const isStrange = this.#size !== null && (this.#size.width !== width || this.#size.height !== height);
    if (isStrange && !this.#wasStrange) {
      this.#wasStrange = true;
      if (this.#options.isWanted()) this.#options.onStrange();
      return;
    }
    this.#wasStrange = false;
    this.#size = { width, height };
    if (this.#waiting !== null && this.#options.isWanted()) this.#options.onStale();
    picture.slot.retain();
    this.clear();
    this.#waiting = picture;
  }

  /** Begins to decode what waits, if it is wanted and there is a thread and room for it. Call when that may have become so. */
  start(): void {
    const { pool, reserve, isWanted, onPixels, onFailed } = this.#options;
    const picture = this.#waiting;
    if (picture === null || this.#isDecoding || pool.idleThreads === 0 || !isWanted()) return;
    const { width, height, frameNumber, capturedAt } = picture;
    const slot = reserve({ width, height });
    if (slot === null) return;
    const target = { address: slot.address, bytes: frameBytes("rgba", width, height) };
    // A copy: a job's bytes move to the thread, and these are for viewers who may still come.
    const job = { kind: "decode", jpeg: new Uint8Array(jpegOf(picture)), target } as const;
    this.clear();
    this.#isDecoding = pool.tryRun(job, (result) => {
      this.#isDecoding = false;
      if (result.ok) {
        onPixels({ width, height, slot, format: "rgba", frameNumber, capturedAt, isDecoded: true });
      } else {
        slot.release();
        onFailed(result.message);
      }
    });
    if (!this.#isDecoding) throw new Error("no thread took the picture, and one was idle");
  }

  /** Forgets the picture that waits: it would be old when somebody wants it. */
  clear(): void {
    this.#waiting?.slot.release();
    this.#waiting = null;
  }
}
