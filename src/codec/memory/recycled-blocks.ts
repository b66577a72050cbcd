// Blocks of the arena for data of varying size, for example compressed bytes. Released blocks are reused.

import type { ArenaMemory } from "./lent-memory.ts";

export interface Block {
  readonly address: number;
  /** The size of the block. It is a power of two, and at least the requested size. */
  readonly bytes: number;
}

const SMALLEST_BYTES = 4096;
/** A free block is reused only if it is at most this many times larger than needed. */
const MOST_TIMES_LARGER = 4;

/**
 * A set of blocks. A new block is taken from the arena only when no released block fits, so the largest simultaneous use limits
 * the memory.
 */
export class RecycledBlocks {
  readonly #arena: ArenaMemory;
  readonly #free = new Map<number, Block[]>();
  #usedBytes = 0;

  constructor(arena: ArenaMemory) {
    this.#arena = arena;
  }

  /** The number of bytes of all blocks that are not released. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Returns a block of at least `bytes` bytes, which still has old contents. Throws CodecError when the arena is full. */
  acquire(bytes: number): Block {
    const size = Math.max(SMALLEST_BYTES, 2 ** Math.ceil(Math.log2(Math.max(1, bytes))));
    let block: Block | undefined;
    for (let fits = size; block === undefined && fits <= size * MOST_TIMES_LARGER; fits *= 2) {
      block = this.#free.get(fits)?.pop();
    }
    block ??= { address: this.#arena.take(size), bytes: size };
    this.#usedBytes += block.bytes;
    return block;
  }

  /** Releases a block. Call it once for each acquired block, when no thread reads the block any more. */
  release(block: Block): void {
    this.#usedBytes -= block.bytes;
    const equals = this.#free.get(block.bytes);
    if (equals === undefined) this.#free.set(block.bytes, [block]);
    else equals.push(block);
  }
}
