// The main thread's side of a camera: gives its thread slots in advance, and what comes back to the sink.

import type { FrameSlot } from "../../../codec/frame-slots.ts";
import type { PixelFormat, Size } from "../../../core/pixel-format.ts";
import type { FrameSink } from "../source.ts";
import { type CaptureMessage, SIGNAL, type SlotMessage } from "./capture-messages.ts";

/** Of one run of the camera. */
export class HandOver {
  readonly #sink: FrameSink;
  readonly #signals: Int32Array;
  readonly #sendSlot: (message: SlotMessage) => void;
  #pixels: { format: PixelFormat; size: Size } | null = null;
  #slot: FrameSlot | null = null;

  constructor(sink: FrameSink, signals: Int32Array, sendSlot: (message: SlotMessage) => void) {
    this.#sink = sink;
    this.#signals = signals;
    this.#sendSlot = sendSlot;
  }

  take(message: Exclude<CaptureMessage, { kind: "ended" }>): void {
    switch (message.kind) {
      case "started":
        if (message.format !== "mjpeg") this.#pixels = { format: message.format, size: message.actual.size };
        this.#offerSlot();
        break;
      case "jpeg":
        this.#countLost(message.lost);
        this.#sink.jpeg(message.bytes, message.capturedAt);
        this.#confirm();
        break;
      case "pixels": {
        this.#countLost(message.lost);
        const slot = this.#slot;
        this.#slot = null;
        if (slot !== null && this.#pixels !== null) {
          this.#sink.pixels(slot, this.#pixels.format, this.#pixels.size, message.capturedAt);
        }
        this.#offerSlot();
        this.#confirm();
        break;
      }
      case "wants-slot":
        if (this.#slot !== null) break; // it is on its way
        this.#offerSlot();
        if (this.#slot === null) this.#post({ bytes: null });
        break;
      case "lost":
        this.#countLost(message.lost);
        break;
    }
  }

  /** Gives back what the thread holds, when it has ended. */
  abandon(): void {
    this.#slot?.release();
    this.#slot = null;
  }

  #offerSlot(): void {
    if (this.#pixels === null) return;
    this.#slot = this.#sink.reserve(this.#pixels.format, this.#pixels.size);
    if (this.#slot !== null) this.#post({ bytes: this.#slot.bytes });
  }

  #post(message: SlotMessage): void {
    this.#sendSlot(message);
    Atomics.add(this.#signals, SIGNAL.slotsSent, 1);
    Atomics.notify(this.#signals, SIGNAL.slotsSent);
  }

  #confirm(): void {
    Atomics.add(this.#signals, SIGNAL.taken, 1);
    Atomics.notify(this.#signals, SIGNAL.taken);
  }

  #countLost(count: number): void {
    for (let i = 0; i < count; i++) this.#sink.lost();
  }
}
