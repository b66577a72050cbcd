// Room in the arena for what a source captures: slots for pixels, of which there is a fixed number, and slots for JPEGs.

import type { Arena } from "../codec/memory/arena.ts";
import { type FrameSlot, FrameSlots } from "../codec/memory/frame-slots.ts";
import { CodecError } from "../core/errors.ts";
import { frameBytes, type PixelFormat, type Size } from "../core/pixel-format.ts";
import { type JpegSlot, JpegSlots } from "./jpeg-slots.ts";

/** One frame being written, one waiting, one spare for a change of hands; the rest are in the encoders' hands. */
const SLOTS_BESIDE_ENCODERS = 3;

/** What room is for: each may be had where the other may not. */
export type RoomFor = "pixels" | "jpegs";

export class CaptureRoom {
  readonly #arena: Arena;
  readonly #slotsOfEncoders: number;
  readonly #onMemory: (what: RoomFor, trouble: string | null) => void;
  /** Slots of so many bytes could not be had, and why: asking again at each frame would take what is left for smaller ones. */
  #tooLarge: { bytes: number; why: string } | null = null;
  #slots: FrameSlots | null = null;
  readonly #jpegSlots: JpegSlots;

  /** `onMemory` hears, each time that room is asked for, whether memory has ended, and why. */
  constructor(arena: Arena, slotsOfEncoders: number, onMemory: (what: RoomFor, trouble: string | null) => void) {
    this.#arena = arena;
    this.#slotsOfEncoders = slotsOfEncoders;
    this.#onMemory = onMemory;
    this.#jpegSlots = new JpegSlots(arena);
  }

  /** Null while all slots are taken, and where memory ends. */
  reserve(format: PixelFormat, { width, height }: Size): FrameSlot | null {
    const bytes = frameBytes(format, width, height);
    if (this.#tooLarge !== null && bytes >= this.#tooLarge.bytes) {
      this.#onMemory("pixels", this.#tooLarge.why);
      return null;
    }
    try {
      if (this.#slots === null || this.#slots.slotBytes < bytes) {
        this.#slots = new FrameSlots(this.#arena, bytes, this.#slotsOfEncoders + SLOTS_BESIDE_ENCODERS);
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

  /** Null where memory ends. */
  reserveJpeg(mostBytes: number): JpegSlot | null {
    try {
      const slot = this.#jpegSlots.take(mostBytes);
      this.#onMemory("jpegs", null);
      return slot;
    } catch (error) {
      if (!(error instanceof CodecError)) throw error;
      this.#onMemory("jpegs", error.message);
      return null;
    }
  }
}
