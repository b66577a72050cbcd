// Blocks of the arena for data whose size varies and that comes and goes, such as compressed bytes. Each block is released and used again.

import type { Arena } from "./arena.ts";

export interface Block {
  readonly address: number;
  /** A power of two, at least what was asked for. */
  readonly bytes: number;
}

const SMALLEST_BYTES = 4096;
/** A free block is used if it is at most this many times larger than needed; that is better than taking more of the arena. */
const MOST_TIMES_LARGER = 4;

/** Takes from the arena only when no released block fits. So what it takes is bounded by the most that is in use at a time. */
export class RecycledBlocks {
  readonly #arena: Arena;
  readonly #free = new Map<number, Block[]>();
  #usedBytes = 0;

  constructor(arena: Arena) {
    this.#arena = arena;
  }

  /** Bytes of all blocks that are not released. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Returns a block of at least `bytes`, with old contents. Throws CodecError when the arena is full. */
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

  /** Call once for each acquired block, when no thread reads it any more. */
  release(block: Block): void {
    this.#usedBytes -= block.bytes;
    const equals = this.#free.get(block.bytes);
    if (equals === undefined) this.#free.set(block.bytes, [block]);
    else equals.push(block);
  }
}
