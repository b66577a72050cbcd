// Rooms for decoded frames that change in part: each keeps its pixels while it is free, so that only what is out of date in it
// has to be made new.

import type { Arena } from "../../codec/memory/arena.ts";
import type { FrameSlot } from "../../codec/memory/frame-slots.ts";

/** One room. */
export interface PixelRoom {
  readonly address: number;
  readonly bytes: number;
  /** Who wrote to it last, and so knows which of its pixels are of use. Set by whoever acquires it. */
  owner: object | null;
}

/** One frame is shown, one is being shown, one waits for that, and one is in work. */
const MAX_ROOMS = 4;

/** Rooms are made when they are needed. Nothing waits for one: `acquire` says `null` when all are taken. */
export class PixelSlots {
  readonly #arena: Arena;
  #roomBytes = 0;
  #made = 0;
  #free: PixelRoom[] = [];

  constructor(arena: Arena) {
    this.#arena = arena;
  }

  /**
   * The free room of at least so many bytes that costs the caller least to bring up to date.
   * Throws CodecError when the arena is full.
   */
  acquire(bytes: number, cost: (room: PixelRoom) => number): { room: PixelRoom; slot: FrameSlot } | null {
    if (bytes > this.#roomBytes) {
      // Rooms that are too small are forgotten, those still in use when they come back.
      this.#roomBytes = bytes;
      this.#made = 0;
      this.#free = [];
    }
    if (this.#free.length === 0 && this.#made < MAX_ROOMS) {
      this.#free.push({ address: this.#arena.take(this.#roomBytes), bytes: this.#roomBytes, owner: null });
      this.#made++;
    }
    const room = this.#free.toSorted((a, b) => cost(a) - cost(b))[0];
    if (room === undefined) return null;
    this.#free = this.#free.filter((each) => each !== room);
    return { room, slot: this.#hold(room) };
  }

  #hold(room: PixelRoom): FrameSlot {
    let held = true;
    return {
      address: room.address,
      bytes: this.#arena.bytes(room.address, room.bytes),
      release: () => {
        if (!held) throw new Error("a pixel slot was released twice");
        held = false;
        if (room.bytes === this.#roomBytes) this.#free.push(room);
      },
    };
  }
}
