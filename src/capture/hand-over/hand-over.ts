// The main thread's part in reading a camera or a pipe. It lends memory for one frame to the reading thread in advance, and
// delivers the filled memory to the sink, which is the receiver of frames.

import { type Micros, nowMicros } from "../../core/clock.ts";
import type { Size } from "../../core/pixel-format.ts";
import { addressOf } from "../../system/memory.ts";
import { monotonicMicros } from "../../system/monotonic-clock.ts";
import type { FrameFormat, FrameSink } from "../source.ts";
import type { CaptureSignals, HandedOver } from "./capture-signals.ts";

/** Memory for one frame: a slot for pixels, or a block for a JPEG. */
interface Memory {
  readonly bytes: Uint8Array;
  release(): void;
}

/** Lends memory of one kind (pixels or JPEGs) to the reading thread, at most one piece at a time. */
class Lender<Kind extends Memory> {
  readonly #reserve: () => Kind | null;
  readonly #deliver: (memory: Kind, frame: HandedOver) => void;
  #lent: Kind | null = null;

  constructor(reserve: () => Kind | null, deliver: (memory: Kind, frame: HandedOver) => void) {
    this.#reserve = reserve;
    this.#deliver = deliver;
  }

  /** Whether the thread has memory or will get it soon. */
  get isLent(): boolean {
    return this.#lent !== null;
  }

  /** Reserves memory for the thread. Returns null when no memory is free. */
  lend(): Uint8Array | null {
    this.#lent = this.#reserve();
    return this.#lent?.bytes ?? null;
  }

  /** Delivers memory that the thread has filled. */
  deliver(frame: HandedOver): void {
    const memory = this.#lent;
    this.#lent = null;
    if (memory !== null) this.#deliver(memory, frame);
  }

  abandon(): void {
    this.#lent?.release();
    this.#lent = null;
  }
}

/** The frames of one run of a camera or a pipe. */
export interface HandedOverFrames {
  format: FrameFormat;
  size: Size;
  /** No frame is larger. */
  bufferBytes: number;
}

/** Delivers the frames of one run of a camera or a pipe to the sink. */
export class HandOver {
  readonly #sink: FrameSink;
  readonly #signals: CaptureSignals;
  #lender: Pick<Lender<Memory>, "isLent" | "lend" | "deliver" | "abandon"> | null = null;
  /** Whether a frame has come. */
  hasDelivered = false;

  constructor(sink: FrameSink, signals: CaptureSignals) {
    this.#sink = sink;
    this.#signals = signals;
  }

  /**
   * Delivers frames from now on. Call it when the thread begins to read frames. The promise resolves after `signals.stop()` and
   * rejects when the sink throws.
   */
  async begin({ format, size, bufferBytes }: HandedOverFrames): Promise<void> {
    const sink = this.#sink;
    this.#lender =
      format === "mjpeg"
        ? new Lender(
            () => sink.reserveJpeg(bufferBytes),
            (block, frame) => sink.jpeg(block, frame.bytes, capturedAt(frame)),
          )
        : new Lender(
            () => sink.reserve(format, size),
            (slot, frame) => sink.pixels(slot, format, size, capturedAt(frame)),
          );
    this.#offerSlot();
    await this.#signals.listen(() => this.#takeFrame());
  }

  /** Answers the thread's request for a slot. */
  answerForSlot(): void {
    if (this.#lender === null || this.#lender.isLent) return; // The thread already has a slot.
    if (!this.#offerSlot()) this.#signals.lend(null);
  }

  countLost(count: number): void {
    for (let i = 0; i < count; i++) this.#sink.lost();
  }

  /** Releases the memory that is lent to the thread. Call it only when the thread has ended. */
  abandon(): void {
    this.#lender?.abandon();
    this.#lender = null;
  }

  #takeFrame(): void {
    const frame = this.#signals.frame;
    if (frame === null) return;
    this.hasDelivered = true;
    this.countLost(frame.lost);
    this.#lender?.deliver(frame);
    this.#offerSlot();
    this.#signals.confirm();
  }

  #offerSlot(): boolean {
    const bytes = this.#lender?.lend() ?? null;
    if (bytes !== null) this.#signals.lend({ address: Number(addressOf(bytes)), bytes: bytes.length });
    return bytes !== null;
  }
}

/** Returns the capture time of a frame in the main thread's clock. The clock of the reading thread may have another origin. */
function capturedAt({ stampMicros }: HandedOver): Micros {
  return Math.round(nowMicros() - (monotonicMicros() - stampMicros));
}
