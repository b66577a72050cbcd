// Memory of the arena for owners that end before the process, for example the cameras of a server. When an owner has ended, the
// next one gets its memory.

import { sleep } from "../../core/clock.ts";
import type { Arena } from "./arena.ts";

/** The methods of an arena that the users of its memory need. */
export type ArenaMemory = Pick<Arena, "memory" | "take" | "bytes">;

interface FreeBlock {
  address: number;
  bytes: number;
}

/** The time limit for the users of an owner's memory, and the time between two looks at them. */
const PATIENCE_MS = 500;
const PAUSE_MS = 5;
const NEVER = new AbortController().signal;

/** A free block is used only if it is at most this many times larger than needed. */
const MOST_TIMES_LARGER = 4;

export class LentMemory {
  readonly #arena: Arena;
  readonly #free: FreeBlock[] = [];

  constructor(arena: Arena) {
    this.#arena = arena;
  }

  /** Returns the memory of a new owner, which is empty at first. */
  lend(): OwnedMemory {
    return new OwnedMemory(this.#arena, this.#free);
  }
}

/** The memory of one owner. */
export class OwnedMemory implements ArenaMemory {
  readonly #arena: Arena;
  readonly #free: FreeBlock[];
  readonly #taken: FreeBlock[] = [];

  constructor(arena: Arena, free: FreeBlock[]) {
    this.#arena = arena;
    this.#free = free;
  }

  get memory(): WebAssembly.Memory {
    return this.#arena.memory;
  }

  /**
   * Takes a block until `giveBackWhen`. It is the smallest free one that fits, or a new one of the arena, and may have old contents.
   * Throws CodecError when the arena is full.
   */
  take(bytes: number): number {
    let best = -1;
    for (const [at, block] of this.#free.entries()) {
      if (block.bytes < bytes || block.bytes > bytes * MOST_TIMES_LARGER) continue;
      if (best < 0 || block.bytes < (this.#free[best] as FreeBlock).bytes) best = at;
    }
    const [found] = best < 0 ? [] : this.#free.splice(best, 1);
    const block = found ?? { address: this.#arena.take(bytes), bytes };
    this.#taken.push(block);
    return block.address;
  }

  bytes(address: number, length: number): Uint8Array {
    return this.#arena.bytes(address, length);
  }

  /**
   * Gives all blocks to the next owners as soon as `areUnused` says that no thread and nobody else uses them. If that takes long, for
   * example because a device does not answer, the blocks are lost for as long as the process lives.
   */
  async giveBackWhen(areUnused: () => boolean): Promise<void> {
    const giveUpAt = performance.now() + PATIENCE_MS;
    while (!areUnused()) {
      if (performance.now() > giveUpAt) return;
      await sleep(PAUSE_MS, NEVER);
    }
    this.#free.push(...this.#taken.splice(0));
  }
}
