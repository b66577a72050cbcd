// A byte stream of raw frames of a known size, cut into frames straight into the arena.

import type { FrameSlot } from "../../codec/memory/frame-slots.ts";
import { type Micros, nowMicros } from "../../core/clock.ts";
import { frameBytes, type PixelFormat, type Size } from "../../core/pixel-format.ts";
import type { FrameSink } from "../source.ts";

/** Takes the bytes of one frame after another. A frame there is no slot for is read past and counted as lost. */
export class RawFrames {
  readonly #format: PixelFormat;
  readonly #size: Size;
  readonly #frameBytes: number;
  readonly #sink: FrameSink;
  #slot: FrameSlot | null = null;
  #filled = 0;
  #startedAt: Micros = 0;

  constructor(format: PixelFormat, size: Size, sink: FrameSink) {
    this.#format = format;
    this.#size = size;
    this.#frameBytes = frameBytes(format, size.width, size.height);
    this.#sink = sink;
  }

  /** Takes what of `chunk` belongs to the frame at hand and says how many bytes that was; never more than a frame. */
  feed(chunk: Uint8Array): number {
    if (this.#filled === 0) {
      this.#slot = this.#sink.reserve(this.#format, this.#size);
      this.#startedAt = nowMicros(); // the first byte is the nearest to the capture that a pipe lets us see
    }
    const part = chunk.subarray(0, this.#frameBytes - this.#filled);
    this.#slot?.bytes.set(part, this.#filled);
    this.#filled += part.length;
    if (this.#filled === this.#frameBytes) this.#finish();
    return part.length;
  }

  /** Bytes of an unfinished frame. */
  get pendingBytes(): number {
    return this.#filled;
  }

  /** Gives the room of an unfinished frame back. */
  abandon(): void {
    this.#slot?.release();
    this.#slot = null;
    this.#filled = 0;
  }

  #finish(): void {
    const slot = this.#slot;
    this.#slot = null;
    this.#filled = 0;
    if (slot === null) this.#sink.lost();
    else this.#sink.pixels(slot, this.#format, this.#size, this.#startedAt);
  }
}
