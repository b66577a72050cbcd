// Bytes on their way into a socket: keeps what the kernel did not take, and sends it on when there is room.

/** Takes bytes and returns how many it took; negative where the connection is gone. */
export type SocketWrite = (bytes: Uint8Array) => number;

/**
 * The sending side of one connection. `send` may be called at any time; `drain` when the socket says it has room.
 *
 * The queue is bounded by its owner, who composes a picture only when `idle` and a viewer's credit allow it; the other
 * messages are a few bytes each, at most some a second. Bytes given to `send` may change afterwards: what the kernel does not take
 * at once, which is little unless the link is slow, is copied.
 */
export class Outbox {
  readonly #write: SocketWrite;
  #waiting: Uint8Array[] = [];
  #closed = false;

  constructor(write: SocketWrite) {
    this.#write = write;
  }

  /** Whether everything that was sent has been taken by the kernel. */
  get idle(): boolean {
    return this.#waiting.length === 0;
  }

  /** Messages, whole or in part, that the kernel has not taken yet. */
  get waiting(): number {
    return this.#waiting.length;
  }

  send(bytes: Uint8Array): void {
    if (this.#closed) return;
    if (this.idle) this.#push(bytes, (rest) => new Uint8Array(rest));
    else this.#waiting.push(new Uint8Array(bytes));
  }

  /** Sends on what waits. */
  drain(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const [index, bytes] of waiting.entries()) {
      if (this.#closed) return;
      this.#push(bytes, (rest) => rest); // a copy already
      if (!this.idle) {
        this.#waiting.push(...waiting.slice(index + 1));
        return;
      }
    }
  }

  /** Forgets what waits; nothing is sent from here on. */
  close(): void {
    this.#closed = true;
    this.#waiting = [];
  }

  #push(bytes: Uint8Array, keep: (rest: Uint8Array) => Uint8Array): void {
    const taken = this.#write(bytes);
    if (taken < 0) this.close();
    else if (taken < bytes.length) this.#waiting.push(keep(bytes.subarray(taken)));
  }
}
