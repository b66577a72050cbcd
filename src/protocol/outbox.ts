// The outbox of a connection: it keeps the bytes that the transport has not accepted, and writes them when the transport drains.

import type { Transport } from "./transport.ts";

/** The outbox stops writing to a transport that has this many bytes in its own queue. */
const MAX_BUFFERED_BYTES = 64 * 1024;

/** The largest number of bytes that `together` collects for one write. Larger messages are written at once. */
const MAX_CORKED_BYTES = 4096;

/**
 * The sending side of one connection. Call `send` at any time, and `drain` when the transport has drained.
 *
 * The owner keeps the queue short: it sends a picture only when `idle` is true and not too many pictures are in flight (credit).
 * Other messages are small and rare. The caller may change the memory after `send` has returned, because bytes that the transport
 * does not accept immediately are copied. Such bytes are few, unless the link is slow.
 */
export class Outbox {
  readonly #transport: Pick<Transport, "write" | "bufferedBytes">;
  #waiting: Uint8Array[] = [];
  #closed = false;
  #accepted = 0;
  /** Whether small messages are collected in `#corked`, during a call of `together`. */
  #isCorked = false;
  #corked = new Uint8Array();
  #corkedBytes = 0;

  constructor(transport: Pick<Transport, "write" | "bufferedBytes">) {
    this.#transport = transport;
  }

  /** The number of bytes that have left the transport's queue. It does not grow while the other side does not read. */
  get acceptedBytes(): number {
    return this.#accepted - this.#transport.bufferedBytes;
  }

  /** Whether no bytes wait for the transport: it has accepted all bytes that were not corked, and its own queue is empty. */
  get idle(): boolean {
    return this.#waiting.length === 0 && this.#transport.bufferedBytes === 0;
  }

  /** The number of messages, or parts of messages, that the transport has not accepted yet. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** The number of bytes that wait here or in the transport's own queue. */
  get waitingBytes(): number {
    return this.#waiting.reduce((sum, { length }) => sum + length, this.#transport.bufferedBytes);
  }

  send(bytes: Uint8Array): void {
    if (this.#closed) return;
    if (this.#isCorked && bytes.length <= MAX_CORKED_BYTES) {
      this.#cork(bytes);
      return;
    }
    this.flush();
    this.#pass(bytes);
  }

  /**
   * Calls `act`, and writes the small messages that it sends together, because each write costs a system call and a TLS record.
   * They are written before the next large message, or after `act`.
   */
  together(act: () => void): void {
    if (this.#isCorked) {
      act();
      return;
    }
    this.#isCorked = true;
    try {
      act();
    } finally {
      this.#isCorked = false;
      this.flush();
    }
  }

  #cork(bytes: Uint8Array): void {
    if (this.#corkedBytes + bytes.length > MAX_CORKED_BYTES) this.flush();
    if (this.#corked.length === 0) this.#corked = new Uint8Array(MAX_CORKED_BYTES);
    this.#corked.set(bytes, this.#corkedBytes);
    this.#corkedBytes += bytes.length;
  }

  /** Writes the messages that `together` has collected so far. */
  flush(): void {
    if (this.#corkedBytes === 0) return;
    const bytes = this.#corked.subarray(0, this.#corkedBytes);
    this.#corkedBytes = 0;
    if (!this.#closed) this.#pass(bytes);
  }

  #pass(bytes: Uint8Array): void {
    if (this.#mayWrite) this.#write(bytes, copy);
    else this.#waiting.push(new Uint8Array(bytes));
  }

  /** Writes the waiting bytes. */
  drain(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    let written = 0;
    while (written < waiting.length && this.#mayWrite && !this.#closed) {
      this.#write(waiting[written++] as Uint8Array, itself); // The rest is already a copy.
    }
    if (!this.#closed) this.#waiting = this.#waiting.concat(waiting.slice(written));
  }

  /** Drops the waiting bytes. Later calls of `send` do nothing. */
  close(): void {
    this.#closed = true;
    this.#waiting = [];
    this.#corkedBytes = 0;
  }

  get #mayWrite(): boolean {
    return this.#waiting.length === 0 && this.#transport.bufferedBytes < MAX_BUFFERED_BYTES;
  }

  #write(bytes: Uint8Array, keep: (rest: Uint8Array) => Uint8Array): void {
    const taken = this.#transport.write(bytes);
    if (taken > 0) this.#accepted += taken;
    if (taken < 0) this.close();
    else if (taken < bytes.length) this.#waiting.push(keep(bytes.subarray(taken)));
  }
}

function copy(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}

function itself(bytes: Uint8Array): Uint8Array {
  return bytes;
}
