// Memory that is used again and again: fresh memory costs a page fault for every four kilobytes of it, and a collector's work.

/** Larger pieces are seldom, and not kept. */
const MOST_KEPT_BYTES = 4 * 1024 * 1024;

/** A piece of memory, and by how many it is used. */
export class PooledBytes {
  readonly bytes: Uint8Array<ArrayBuffer>;
  users = 0;

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.bytes = bytes;
  }
}

/** Keeps as much as was ever in use at a time, each size by itself; its users bound that. */
export class BytePool {
  /** By size, which is a power of two. */
  readonly #free = new Map<number, PooledBytes[]>();

  /** At least so many bytes, with whatever is in them, for one user. */
  take(bytes: number): PooledBytes {
    const size = 2 ** Math.ceil(Math.log2(Math.max(1, bytes)));
    const pooled = this.#free.get(size)?.pop() ?? new PooledBytes(new Uint8Array(size));
    pooled.users = 1;
    return pooled;
  }

  /** One user less; the last one gives the memory back. */
  release(pooled: PooledBytes): void {
    if (--pooled.users > 0) return;
    const size = pooled.bytes.length;
    if (size > MOST_KEPT_BYTES) return;
    const equals = this.#free.get(size);
    if (equals === undefined) this.#free.set(size, [pooled]);
    else equals.push(pooled);
  }
}
