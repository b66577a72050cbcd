// The message cache: a message that many viewers are sent is composed once, in memory that is used again afterwards.

import { BytePool, type ByteBlock } from "../../core/byte-pool.ts";

/** Gives a block for a message of at most this many bytes. Its content is undefined. */
export type TakeBlock = (bytes: number) => Uint8Array<ArrayBuffer>;

export class MessageCache {
  /** By the frame that the viewer has already. */
  readonly #messages = new Map<number, Uint8Array>();
  readonly #pool = new BytePool();
  #taken: ByteBlock[] = [];

  /** The message for a viewer that has frame `since`. `make` composes it if it is not in the cache. */
  get(since: number, make: (takeBlock: TakeBlock) => Uint8Array): Uint8Array {
    let message = this.#messages.get(since);
    if (message === undefined) {
      message = make((bytes) => this.#take(bytes));
      this.#messages.set(since, message);
    }
    return message;
  }

  /** Forgets all messages. Their memory is used again, so each must have been written to its socket, or copied. */
  clear(): void {
    this.#messages.clear();
    for (const block of this.#taken) this.#pool.release(block);
    this.#taken = [];
  }

  #take(bytes: number): Uint8Array<ArrayBuffer> {
    const block = this.#pool.acquire(bytes);
    this.#taken.push(block);
    return block.bytes;
  }
}
