// The memory of one source: a fixed number of slots for pixels, each for one frame, and blocks for JPEGs. Slots and blocks are
// parts of the arena, the memory that all threads share.

import { type FrameSlot, FrameSlots } from "../codec/memory/frame-slots.ts";
import type { ArenaMemory } from "../codec/memory/lent-memory.ts";
import { CodecError } from "../core/errors.ts";
import { frameBytes, type PixelFormat, type Size } from "../core/pixel-format.ts";
import { type JpegBlock, JpegBlocks } from "./jpeg-blocks.ts";

/** The number of slots in addition to those that the encoders use: one is being filled, one waits, and one is spare. */
const SLOTS_BESIDE_ENCODERS = 3;

/** The kinds of memory. One kind may still be available when the other is not. */
export type MemoryUse = "pixels" | "jpegs";

/** Called with the result of each reservation. `trouble` is the reason why there was no memory, or null when there was. */
export type OnMemory = (use: MemoryUse, trouble: string | null) => void;

export class CaptureSlots {
  readonly #arena: ArenaMemory;
  readonly #encoderSlots: number;
  readonly #onMemory: OnMemory;
  /**
   * The slot size that was too large for the memory. The object does not try this size again for each frame, because each try
   * would take memory that smaller slots need.
   */
  #tooLarge: { bytes: number; why: string } | null = null;
  #slots: FrameSlots | null = null;
  /** Smaller slots, of which some may still be in use. */
  readonly #outgrown: FrameSlots[] = [];
  readonly #jpegBlocks: JpegBlocks;
  #hasEnded = false;

  /** `encoderSlots` is the largest number of slots that the encoders use. */
  constructor(arena: ArenaMemory, encoderSlots: number, onMemory: OnMemory) {
    this.#arena = arena;
    this.#encoderSlots = encoderSlots;
    this.#onMemory = onMemory;
    this.#jpegBlocks = new JpegBlocks(arena);
  }

  /** Whether a slot or block is not released. */
  get areInUse(): boolean {
    return this.#slots?.areInUse === true || this.#outgrown.some((each) => each.areInUse) || this.#jpegBlocks.areInUse;
  }

  /** Ends all reservations, because the memory will belong to another source. */
  end(): void {
    this.#hasEnded = true;
  }

  /** Returns a slot for a frame, or null while all slots are in use, when memory has run out or after `end`. */
  reserve(format: PixelFormat, { width, height }: Size): FrameSlot | null {
    if (this.#hasEnded) return null;
    const bytes = frameBytes(format, width, height);
    if (this.#tooLarge !== null && bytes >= this.#tooLarge.bytes) {
      this.#onMemory("pixels", this.#tooLarge.why);
      return null;
    }
    try {
      if (this.#slots === null || this.#slots.slotBytes < bytes) {
        if (this.#slots !== null) this.#outgrown.push(this.#slots);
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

  /** Returns a block for a JPEG of at most `maxBytes` bytes, or null when memory has run out or after `end`. */
  reserveJpeg(maxBytes: number): JpegBlock | null {
    if (this.#hasEnded) return null;
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
