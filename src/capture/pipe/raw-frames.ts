// Splits a byte stream of raw frames with a known size, and copies each frame directly into a slot: shared memory for one frame.

import type { FrameSlot } from "../../codec/memory/frame-slots.ts";
import { type Micros, nowMicros } from "../../core/clock.ts";
import { frameBytes, type PixelFormat, type Size } from "../../core/pixel-format.ts";
import type { FrameSink } from "../source.ts";

/** Describes a frame for messages, for example as `rgba frame of 640x480`. */
export function describeFrame(format: PixelFormat, { width, height }: Size): string {
  return `${format} frame of ${width}x${height}`;
}

/** Takes the bytes of frames one after the other. A frame without a slot is skipped and counted as lost. */
export class RawFrames {
  readonly #format: PixelFormat;
  readonly #size: Size;
  readonly #frameBytes: number;
  readonly #sink: FrameSink;
  #slot: FrameSlot | null = null;
  #filledBytes = 0;
  #startedAt: Micros = 0;
  readonly #keepsLast: boolean;
  /** The chunks of the unfinished frame, and those of the last complete frame. */
  #parts: Uint8Array[] = [];
  #lastParts: Uint8Array[] = [];

  /**
   * With `keepsLast`, `repeat` can deliver the last frame again. For this its chunks are kept until the next frame is complete.
   */
  constructor(format: PixelFormat, size: Size, sink: FrameSink, { keepsLast = false }: { keepsLast?: boolean } = {}) {
    this.#keepsLast = keepsLast;
    this.#format = format;
    this.#size = size;
    this.#frameBytes = frameBytes(format, size.width, size.height);
    this.#sink = sink;
  }

  get frameText(): string {
    return describeFrame(this.#format, this.#size);
  }

  /** Takes the part of `chunk` that belongs to the current frame and returns its length in bytes. */
  feed(chunk: Uint8Array): number {
    if (this.#filledBytes === 0) {
      this.#slot = this.#sink.reserve(this.#format, this.#size);
      this.#startedAt = nowMicros(); // The arrival of the first byte is the best estimate of the capture time on a pipe.
    }
    const part = chunk.subarray(0, this.#frameBytes - this.#filledBytes);
    this.#slot?.bytes.set(part, this.#filledBytes);
    if (this.#keepsLast) this.#parts.push(part);
    this.#filledBytes += part.length;
    if (this.#filledBytes === this.#frameBytes) this.#finish();
    return part.length;
  }

  /** The number of bytes of the unfinished frame. */
  get pendingBytes(): number {
    return this.#filledBytes;
  }

  /**
   * Delivers the last complete frame again, with the current time as its capture time. Does nothing before the first frame, or
   * while a frame is incomplete.
   */
  repeat(): void {
    if (this.#filledBytes > 0) return;
    for (const part of this.#lastParts) this.feed(part);
  }

  /** Releases the slot of an unfinished frame. */
  abandon(): void {
    this.#slot?.release();
    this.#slot = null;
    this.#filledBytes = 0;
    this.#parts = [];
  }

  #finish(): void {
    const slot = this.#slot;
    this.#slot = null;
    this.#filledBytes = 0;
    this.#lastParts = this.#parts;
    this.#parts = [];
    if (slot === null) this.#sink.lost();
    else this.#sink.pixels(slot, this.#format, this.#size, this.#startedAt);
  }
}
