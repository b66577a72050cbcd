// Room for some frames in the arena, so that threads hand frames over without a copy.

import type { Arena } from "./arena.ts";

/** Room for one frame. Whoever got it from `acquire` has the one hold on it until `release`. */
export interface FrameSlot {
  /** In the arena. */
  readonly address: number;
  /** The whole slot; a frame fills the first part of it. */
  readonly bytes: Uint8Array;
  /** Gives the room back. Once: a second call throws, since the room may be another frame's by then. */
  release(): void;
}

/**
 * A fixed number of slots of one size. Nothing waits for a slot: `acquire` says `null` when all are taken, and the
 * caller drops the frame and counts it.
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
    let held = true;
    return {
      address,
      bytes: this.#arena.bytes(address, this.slotBytes),
      release: () => {
        if (!held) throw new Error("a frame slot was released twice");
        held = false;
        this.#free.push(address);
      },
    };
  }
}
