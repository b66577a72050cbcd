// Slots (shared memory for one frame each) for decoded frames. A free slot keeps its pixels, so that for the next frame only
// outdated pixels must be converted.

import type { Arena } from "../../codec/memory/arena.ts";
import type { FrameSlot } from "../../codec/memory/frame-slots.ts";
import { growingSize } from "../../codec/memory/growing-block.ts";

/** Shared memory for one frame. */
export interface PixelSlot {
  readonly address: number;
  readonly bytes: number;
  /** The stream that last wrote to the slot and knows which of its pixels are outdated. The caller of `acquire` sets it. */
  owner: object | null;
}

/** The number of slots: one frame is on the screen, one is being shown, one waits, and one is in work. */
const MAX_SLOTS = 4;

/** A set of slots. Each slot is made when it is first needed. When all slots are in use, `acquire` returns null. */
export class PixelSlots {
  readonly #arena: Arena;
  #slotBytes = 0;
  #made = 0;
  #free: PixelSlot[] = [];

  constructor(arena: Arena) {
    this.#arena = arena;
  }

  /**
   * Takes the free slot of at least `bytes` bytes whose update costs least. The release of `held` returns the slot. Throws
   * CodecError when the arena is full.
   */
  acquire(bytes: number, cost: (slot: PixelSlot) => number): { slot: PixelSlot; held: FrameSlot } | null {
    if (bytes > this.#slotBytes) {
      // Slots that are too small are removed: free slots now, and used slots when they are released.
      this.#slotBytes = growingSize(bytes);
      this.#made = 0;
      this.#free = [];
    }
    if (this.#free.length === 0 && this.#made < MAX_SLOTS) {
      this.#free.push({ address: this.#arena.take(this.#slotBytes), bytes: this.#slotBytes, owner: null });
      this.#made++;
    }
    const slot = this.#takeCheapest(cost);
    return slot === undefined ? null : { slot, held: this.#hold(slot) };
  }

  #takeCheapest(cost: (slot: PixelSlot) => number): PixelSlot | undefined {
    let cheapest = 0;
    let lowest = Number.POSITIVE_INFINITY;
    for (const [index, slot] of this.#free.entries()) {
      const itsCost = cost(slot);
      if (itsCost >= lowest) continue;
      lowest = itsCost;
      cheapest = index;
    }
    return this.#free.splice(cheapest, 1)[0];
  }

  #hold(slot: PixelSlot): FrameSlot {
    let isHeld = true;
    return {
      address: slot.address,
      bytes: this.#arena.bytes(slot.address, slot.bytes),
      release: () => {
        if (!isHeld) throw new Error("a pixel slot was released twice");
        isHeld = false;
        if (slot.bytes === this.#slotBytes) this.#free.push(slot);
      },
    };
  }
}
