// The message cache. Viewers with the same state get the same message, so it is composed only once. Its memory is reused.

import { BytePool, type ByteBlock } from "../../core/byte-pool.ts";

/** Returns memory for a message of at most this many bytes. Its content is undefined. */
export type TakeBlock = (bytes: number) => Uint8Array<ArrayBuffer>;

export class MessageCache {
  /** The messages by the number of the frame that the viewer already has. */
  readonly #messages = new Map<number, Uint8Array>();
  readonly #pool = new BytePool();
  #taken: ByteBlock[] = [];

  /** Returns the message for a viewer that has frame `since`. `make` composes it if it is not in the cache. */
  get(since: number, make: (takeBlock: TakeBlock) => Uint8Array): Uint8Array {
    let message = this.#messages.get(since);
    if (message === undefined) {
      message = make((bytes) => this.#take(bytes));
      this.#messages.set(since, message);
    }
    return message;
  }

  /** Removes all messages. Their memory is reused, so each message must have been written to its sockets or copied. */
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
