// Bytes on their way into a transport: keeps what the transport did not take, and writes it when the transport drains.

import type { Transport } from "./transport.ts";

/** What a transport with a queue of its own may hold before the outbox stops adding to it. */
const MAX_BUFFERED_BYTES = 64 * 1024;

/**
 * The sending side of one connection. Call `send` at any time, and `drain` when the transport has drained.
 *
 * The owner bounds the queue: it composes a picture only when `idle` and the viewer's credit allow it. Other messages have a few
 * bytes each, and there are some of them a second at most. The memory given to `send` may change afterwards: what the transport
 * does not take at once (little, unless the link is slow) is copied.
 */
export class Outbox {
  readonly #transport: Pick<Transport, "write" | "bufferedBytes">;
  #waiting: Uint8Array[] = [];
  #closed = false;

  constructor(transport: Pick<Transport, "write" | "bufferedBytes">) {
    this.#transport = transport;
  }

  /** Whether the network has taken everything that was sent. */
  get idle(): boolean {
    return this.#waiting.length === 0 && this.#transport.bufferedBytes === 0;
  }

  /** Messages, whole or in part, that the transport has not taken yet. */
  get waiting(): number {
    return this.#waiting.length;
  }

  send(bytes: Uint8Array): void {
    if (this.#closed) return;
    if (this.#mayWrite) this.#write(bytes, (rest) => new Uint8Array(rest));
    else this.#waiting.push(new Uint8Array(bytes));
  }

  /** Writes what waits. */
  drain(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const [index, bytes] of waiting.entries()) {
      if (this.#closed) return;
      if (this.#mayWrite) {
        this.#write(bytes, (rest) => rest); // a copy already
      } else {
        this.#waiting.push(...waiting.slice(index));
        return;
      }
    }
  }

  /** Drops what waits; nothing is sent from here on. */
  close(): void {
    this.#closed = true;
    this.#waiting = [];
  }

  get #mayWrite(): boolean {
    return this.#waiting.length === 0 && this.#transport.bufferedBytes < MAX_BUFFERED_BYTES;
  }

  #write(bytes: Uint8Array, keep: (rest: Uint8Array) => Uint8Array): void {
    const taken = this.#transport.write(bytes);
    if (taken < 0) this.close();
    else if (taken < bytes.length) this.#waiting.push(keep(bytes.subarray(taken)));
  }
}
