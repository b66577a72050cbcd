// A pool of memory blocks for reuse. The pool exists because fresh memory costs a page fault for every four kilobytes, and
// garbage collection later.

/** The pool does not keep larger blocks: they are rare. */
const MOST_KEPT_BYTES = 4 * 1024 * 1024;

/** A block of memory with a count of its users. */
export class ByteBlock {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Only `retain` and BytePool change this count. */
  users = 0;

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.bytes = bytes;
  }

  /** Adds a user. Each user releases the block once. */
  retain(): void {
    this.users++;
  }
}

/**
 * A pool of blocks. For each size, it keeps at most as many blocks as were in use at the same time. So its memory has a bound.
 */
export class BytePool {
  /** The free blocks by their size. Each size is a power of two. */
  readonly #free = new Map<number, ByteBlock[]>();

  /** Returns a block of at least `bytes` bytes for one user. The block still holds old contents. */
  acquire(bytes: number): ByteBlock {
    const size = 2 ** Math.ceil(Math.log2(Math.max(1, bytes)));
    const block = this.#free.get(size)?.pop() ?? new ByteBlock(new Uint8Array(size));
    block.users = 1;
    return block;
  }

  /** Removes a user. After the last user, the pool keeps the block for the next `acquire`. */
  release(block: ByteBlock): void {
    if (--block.users > 0) return;
    const size = block.bytes.length;
    if (size > MOST_KEPT_BYTES) return;
    const equals = this.#free.get(size);
    if (equals === undefined) this.#free.set(size, [block]);
    else equals.push(block);
  }
}
