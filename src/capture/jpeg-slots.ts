// Room for JPEGs in the arena, each with room for the head of its message before it: what a viewer is sent lies there whole.
//
// So a JPEG is copied once on its way through the server, by whoever has it first: the thread of a camera, or the reader of a pipe.

import type { Arena } from "../codec/memory/arena.ts";
import { type Area, RecycledAreas } from "../codec/memory/recycled-areas.ts";
import { PICTURE_HEAD_BYTES } from "../protocol/messages.ts";

/** Whoever got it from `take` has a hold on it, and others may; the last one to release it gives the room back. */
export class JpegSlot {
  /** All of the room for a JPEG, which fills the first part of it. It does not change any more once others have a hold. */
  readonly bytes: Uint8Array;
  readonly #whole: Uint8Array;
  readonly #giveBack: () => void;
  #holds = 1;

  constructor(whole: Uint8Array, giveBack: () => void) {
    this.bytes = whole.subarray(PICTURE_HEAD_BYTES);
    this.#whole = whole;
    this.#giveBack = giveBack;
  }

  /** The message with a JPEG of so many bytes. Its head, the first PICTURE_HEAD_BYTES, is for whoever sends it to write. */
  message(jpegBytes: number): Uint8Array {
    return this.#whole.subarray(0, PICTURE_HEAD_BYTES + jpegBytes);
  }

  hold(): void {
    if (this.#holds === 0) throw new Error("a JPEG's room was held after it had been given back");
    this.#holds++;
  }

  /** Once for each hold. */
  release(): void {
    if (this.#holds === 0) throw new Error("a JPEG's room was released more often than held");
    if (--this.#holds === 0) this.#giveBack();
  }
}

export class JpegSlots {
  readonly #arena: Arena;
  readonly #areas: RecycledAreas;

  constructor(arena: Arena) {
    this.#arena = arena;
    this.#areas = new RecycledAreas(arena);
  }

  /** Room for a JPEG of at most so many bytes, with whatever is in it. Throws CodecError when the arena is full. */
  take(mostBytes: number): JpegSlot {
    const area: Area = this.#areas.take(PICTURE_HEAD_BYTES + mostBytes);
    return new JpegSlot(this.#arena.bytes(area.address, area.bytes), () => this.#areas.giveBack(area));
  }
}
