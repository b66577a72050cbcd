// Slots for frames in the arena, so that threads hand frames over without a copy.

import type { Arena } from "./arena.ts";

/** Memory for one frame. The caller of `acquire` owns it until `release`. */
export interface FrameSlot {
  /** In the arena. */
  readonly address: number;
  /** The whole slot; a frame fills the first part of it. */
  readonly bytes: Uint8Array;
  /** Call once. A second call throws, since the slot may hold another frame by then. */
  release(): void;
}

/**
 * A fixed number of slots of one size. Nothing waits for a slot: `acquire` returns null when all are in use, and the caller
 * drops the frame and counts it.
 */
export class FrameSlots {
  readonly slotBytes: number;
  readonly #arena: Arena;
  readonly #free: number[];

  constructor(arena: Arena, slotBytes: number, slots: number) {
    this.#arena = arena;
    this.slotBytes = slotBytes;
    this.#free = Array.from({ length: slots }, () => arena.take(slotBytes));
  }

  acquire(): FrameSlot | null {
    const address = this.#free.pop();
    if (address === undefined) return null;
    let isHeld = true;
    return {
      address,
      bytes: this.#arena.bytes(address, this.slotBytes),
      release: () => {
        if (!isHeld) throw new Error("a frame slot was released twice");
        isHeld = false;
        this.#free.push(address);
      },
    };
  }
}
