// Messages that many viewers are sent, each made once, in memory that is used again when they are over.

import { BytePool, type ByteBlock } from "../../core/byte-pool.ts";

/** Gives memory for a message of at most so many bytes, whatever is in it. */
export type TakeRoom = (bytes: number) => Uint8Array<ArrayBuffer>;

export class MessageCache {
  /** By the frame that a viewer has. */
  readonly #messages = new Map<number, Uint8Array>();
  readonly #pool = new BytePool();
  #taken: ByteBlock[] = [];

  /** The message for a viewer with frame `since`; made if it is not there yet. */
  get(since: number, make: (takeRoom: TakeRoom) => Uint8Array): Uint8Array {
    let message = this.#messages.get(since);
    if (message === undefined) {
      message = make((bytes) => this.#take(bytes));
      this.#messages.set(since, message);
    }
    return message;
  }

  /** The messages are over. */
  clear(): void {
    this.#messages.clear();
    for (const pooled of this.#taken) this.#pool.release(pooled);
    this.#taken = [];
  }

  #take(bytes: number): Uint8Array<ArrayBuffer> {
    const pooled = this.#pool.acquire(bytes);
    this.#taken.push(pooled);
    return pooled.bytes;
  }
}
