// A block of the arena for one owner, which grows when the owner needs more memory.

import type { ArenaMemory } from "./lent-memory.ts";

export class GrowingBlock {
  readonly #arena: ArenaMemory;
  #address = 0;
  #bytes = 0;

  constructor(arena: ArenaMemory) {
    this.#arena = arena;
  }

  /**
   * Returns the address of at least `bytes` bytes. When the block grows, it moves and its contents are lost.
   * Throws CodecError when the arena is full.
   */
  reserve(bytes: number): number {
    if (bytes > this.#bytes) {
      // The block grows by at least half, so that slowly rising sizes do not take a new block each time.
      this.#bytes = this.#bytes === 0 ? bytes : Math.max(bytes, this.#bytes * 1.5);
      this.#address = this.#arena.take(this.#bytes);
    }
    return this.#address;
  }

  get address(): number {
    return this.#address;
  }

  get bytes(): number {
    return this.#bytes;
  }
}

/**
 * Returns the size to take for slots of at least `bytes` bytes: the next power of two. With the exact size, sizes that grow by a
 * few bytes each time would fill the arena, because its memory is never freed. The unused part costs only address space, because
 * nothing is written to it.
 */
export function growingSize(bytes: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, bytes)));
}
