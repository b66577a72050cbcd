// Counts the frames of WebSockets that bring no message.
//
// Bun.serve hands over whole messages, pings and pongs. A message in fragments without bytes never ends and never becomes too long,
// so nothing of it is handed over, and no code here would notice the flood. The kernel counts all bytes of a connection.

import type { KernelSocket } from "./kernel-socket.ts";

/** The length of the shortest frame of a client: two bytes, and four of its mask (RFC 6455, 5.2). */
const SHORTEST_FRAME_BYTES = 6;
/**
 * The largest number of bytes of a frame in addition to its payload: its head (RFC 6455, 5.2), and the record of TLS (RFC 8446,
 * 5.2).
 */
const MOST_OVERHEAD_BYTES = 64;
const CHECK_MS = 50;

/** Compares the bytes of one WebSocket with the messages that it has brought. */
export class FrameMeter {
  readonly #receivedBytes: () => number;
  readonly #mostPendingBytes: number;
  #seenBytes: number;
  #handedBytes = 0;
  #pendingBytes = 0;

  /** Up to `mostPendingBytes` may arrive without a message, because a message can be incomplete or still unread. */
  constructor(receivedBytes: () => number, mostPendingBytes: number) {
    this.#receivedBytes = receivedBytes;
    this.#mostPendingBytes = mostPendingBytes;
    this.#seenBytes = receivedBytes();
  }

  /** Notes a message, ping or pong with a payload of `bytes`. */
  handed(bytes: number): void {
    this.#handedBytes += bytes + MOST_OVERHEAD_BYTES;
  }

  /** Returns how many frames may have come since the last call that brought nothing. */
  takeEmptyFrames(): number {
    const received = this.#receivedBytes();
    const pending = Math.max(0, this.#pendingBytes + received - this.#seenBytes - this.#handedBytes);
    this.#seenBytes = received;
    this.#handedBytes = 0;
    this.#pendingBytes = Math.min(pending, this.#mostPendingBytes);
    return Math.ceil((pending - this.#pendingBytes) / SHORTEST_FRAME_BYTES);
  }
}

/** Looks at the WebSockets of a door twenty times a second, while there are any. */
export class FrameWatch implements Disposable {
  readonly #followed = new Map<FrameMeter, (count: number) => void>();
  #checking: ReturnType<typeof setInterval> | null = null;

  [Symbol.dispose](): void {
    this.#followed.clear();
    this.#stopIfUnused();
  }

  /** Follows a WebSocket. `onEmpty` gets the number of its frames that have brought nothing. Call `forget` when it has closed. */
  follow(socket: KernelSocket, mostPendingBytes: number, onEmpty: (count: number) => void): FrameMeter {
    const meter = new FrameMeter(() => socket.receivedBytes, mostPendingBytes);
    this.#followed.set(meter, onEmpty);
    this.#checking ??= setInterval(() => this.#check(), CHECK_MS);
    return meter;
  }

  forget(meter: FrameMeter): void {
    this.#followed.delete(meter);
    this.#stopIfUnused();
  }

  #check(): void {
    for (const [meter, onEmpty] of this.#followed) {
      const count = meter.takeEmptyFrames();
      if (count > 0) onEmpty(count);
    }
  }

  #stopIfUnused(): void {
    if (this.#followed.size > 0 || this.#checking === null) return;
    clearInterval(this.#checking);
    this.#checking = null;
  }
}
