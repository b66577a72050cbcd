// Slots for frames: memory of a fixed size in the arena, which is reused for each frame. Threads pass slots to each other instead
// of copying frames.

import type { ArenaMemory } from "./lent-memory.ts";

/** Memory for one frame. The caller of `acquire` owns it until `release`. */
export interface FrameSlot {
  /** The address in the arena. */
  readonly address: number;
  /** A view of the whole slot. A frame fills its first part. */
  readonly bytes: Uint8Array;
  /** Releases the slot. A second call throws, because the slot may already contain another frame. */
  release(): void;
}

/**
 * A fixed number of slots of one size. When all slots are in use, `acquire` returns null, and the caller drops the frame and
 * counts it.
 */
export class FrameSlots {
  readonly slotBytes: number;
  readonly #arena: ArenaMemory;
  readonly #slots: number;
  readonly #free: number[];

  constructor(arena: ArenaMemory, slotBytes: number, slots: number) {
    this.#arena = arena;
    this.slotBytes = slotBytes;
    this.#slots = slots;
    this.#free = Array.from({ length: slots }, () => arena.take(slotBytes));
  }

  /** Whether a slot is not released. */
  get areInUse(): boolean {
    return this.#free.length < this.#slots;
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
