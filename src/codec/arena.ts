// The arena: one block of shared memory with room for some frames, so that threads hand frames over without a copy.

/** Room for one frame. Whoever got it from `acquire` has the one hold on it until `release`. */
export interface FrameSlot {
  /** The whole slot; a frame fills the first part of it. */
  readonly bytes: Uint8Array;
  /** Gives the room back. Once: a second call throws, since the room may be another frame's by then. */
  release(): void;
}

/**
 * A fixed number of slots of one size. Nothing waits for a slot: `acquire` says `null` when all are taken, and the
 * caller drops the frame and counts it.
 */
export class FrameArena {
  readonly slotBytes: number;
  readonly #memory: SharedArrayBuffer;
  readonly #free: number[];

  constructor(slotBytes: number, slots: number) {
    this.slotBytes = slotBytes;
    this.#memory = new SharedArrayBuffer(slotBytes * slots);
    this.#free = Array.from({ length: slots }, (_, index) => index * slotBytes);
  }

  acquire(): FrameSlot | null {
    const offset = this.#free.pop();
    if (offset === undefined) return null;
    let held = true;
    return {
      bytes: new Uint8Array(this.#memory, offset, this.slotBytes),
      release: () => {
        if (!held) throw new Error("a frame slot was released twice");
        held = false;
        this.#free.push(offset);
      },
    };
  }
}
