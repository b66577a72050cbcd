// The arena's memory for one source: a fixed number of slots for pixels, and blocks for JPEGs.

import type { Arena } from "../codec/memory/arena.ts";
import { type FrameSlot, FrameSlots } from "../codec/memory/frame-slots.ts";
import { CodecError } from "../core/errors.ts";
import { frameBytes, type PixelFormat, type Size } from "../core/pixel-format.ts";
import { type JpegBlock, JpegBlocks } from "./jpeg-blocks.ts";

/** One slot is being filled, one waits, one is spare while slots change hands. The encoders hold the others. */
const SLOTS_BESIDE_ENCODERS = 3;

/** What memory is reserved for. One kind may still be available when the other is not. */
export type MemoryUse = "pixels" | "jpegs";

/** Reports whether memory was available for a reservation; `trouble` says why not, and is null when it was. */
export type OnMemory = (use: MemoryUse, trouble: string | null) => void;

export class CaptureSlots {
  readonly #arena: Arena;
  readonly #encoderSlots: number;
  readonly #onMemory: OnMemory;
  /** Slots of this size failed. It is not tried again at each frame, which would use up what smaller slots need. */
  #tooLarge: { bytes: number; why: string } | null = null;
  #slots: FrameSlots | null = null;
  readonly #jpegBlocks: JpegBlocks;

  /** `encoderSlots` is the number of slots that the encoders hold at most. `onMemory` is called at each reservation. */
  constructor(arena: Arena, encoderSlots: number, onMemory: OnMemory) {
    this.#arena = arena;
    this.#encoderSlots = encoderSlots;
    this.#onMemory = onMemory;
    this.#jpegBlocks = new JpegBlocks(arena);
  }

  /** Returns a slot for a frame; null while all slots are taken, or when memory has run out. */
  reserve(format: PixelFormat, { width, height }: Size): FrameSlot | null {
    const bytes = frameBytes(format, width, height);
    if (this.#tooLarge !== null && bytes >= this.#tooLarge.bytes) {
      this.#onMemory("pixels", this.#tooLarge.why);
      return null;
    }
    try {
      if (this.#slots === null || this.#slots.slotBytes < bytes) {
        this.#slots = new FrameSlots(this.#arena, bytes, this.#encoderSlots + SLOTS_BESIDE_ENCODERS);
      }
    } catch (error) {
      if (!(error instanceof CodecError)) throw error;
      this.#tooLarge = { bytes, why: error.message };
      this.#onMemory("pixels", error.message);
      return null;
    }
    this.#onMemory("pixels", null);
    return this.#slots.acquire();
  }

  /** Returns a block for a JPEG of at most `maxBytes`; null when memory has run out. */
  reserveJpeg(maxBytes: number): JpegBlock | null {
    try {
      const block = this.#jpegBlocks.acquire(maxBytes);
      this.#onMemory("jpegs", null);
      return block;
    } catch (error) {
      if (!(error instanceof CodecError)) throw error;
      this.#onMemory("jpegs", error.message);
      return null;
    }
  }
}
