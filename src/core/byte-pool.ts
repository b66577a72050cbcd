// Blocks of ordinary memory that are used again: fresh memory costs a page fault for every four kilobytes, and work for the collector.

/** Larger blocks are rare, and not kept. */
const MOST_KEPT_BYTES = 4 * 1024 * 1024;

/** A block of memory with a count of its users. */
export class ByteBlock {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Changed by `retain` and by BytePool only. */
  users = 0;

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.bytes = bytes;
  }

  /** Adds a user, who releases the block too. */
  retain(): void {
    this.users++;
  }
}

/** Keeps as much as was in use at the same time, by size. So its users bound it. */
export class BytePool {
  /** By size, which is a power of two. */
  readonly #free = new Map<number, ByteBlock[]>();

  /** Returns a block of at least `bytes`, with old contents, for one user. */
  acquire(bytes: number): ByteBlock {
    const size = 2 ** Math.ceil(Math.log2(Math.max(1, bytes)));
    const block = this.#free.get(size)?.pop() ?? new ByteBlock(new Uint8Array(size));
    block.users = 1;
    return block;
  }

  /** Removes a user. When the last one is gone, the block is kept for the next `acquire`. */
  release(block: ByteBlock): void {
    if (--block.users > 0) return;
    const size = block.bytes.length;
    if (size > MOST_KEPT_BYTES) return;
    const equals = this.#free.get(size);
    if (equals === undefined) this.#free.set(size, [block]);
    else equals.push(block);
  }
}
