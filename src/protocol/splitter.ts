// Splits a byte stream into messages. The chunks that a transport delivers may begin and end anywhere.

import { type Micros, nowMicros } from "../core/clock.ts";
import { ProtocolError } from "../core/errors.ts";
import { HEADER_BYTES } from "./wire.ts";

/**
 * Bodies up to this size are copied into memory of the splitter, for example acknowledgements. A view of a chunk would cost more: the
 * engine has to make an ArrayBuffer for it.
 */
const MOST_COPIED_BYTES = 64;

/** The largest memory that is kept for the next message. Larger messages are rare. */
const MOST_KEPT_BYTES = 4 * 1024 * 1024;

/**
 * Receives a message. `body` is valid during the call only. `startedAt` is the time when the first byte of the message arrived.
 */
export type MessageHandler = (type: number, body: Uint8Array, startedAt: Micros) => void;

/**
 * Takes chunks of any size and calls the handler once for each complete message, in order.
 *
 * `maxBytesOf` limits the memory: a longer message throws ProtocolError before memory is allocated for it. The owner raises the
 * limits after the greeting. A message that is complete within a chunk is not copied, unless it is small.
 */
export class MessageSplitter {
  /** Returns the largest length of a message of this type. */
  maxBytesOf: (type: number) => number;
  readonly #onMessage: MessageHandler;
  readonly #head = new Uint8Array(HEADER_BYTES);
  readonly #headView = new DataView(this.#head.buffer);
  #headFilled = 0;
  #body: Uint8Array | null = null;
  /** The memory in which bodies are assembled. It is reused, because new memory costs a page fault for every four kilobytes. */
  #block = new Uint8Array();
  #bodyFilled = 0;
  /** The bodies that are copied, by their size. */
  readonly #small: (Uint8Array | undefined)[] = [];
  #startedAt: Micros = 0;
  #isStopped = false;

  /** At first, messages of all types have the limit `maxMessageBytes`. */
  constructor(maxMessageBytes: number, onMessage: MessageHandler) {
    this.maxBytesOf = () => maxMessageBytes;
    this.#onMessage = onMessage;
  }

  /** Drops the rest of the chunk and all later chunks. A chunk of a flood may contain tens of thousands of messages. */
  stop(): void {
    this.#isStopped = true;
  }

  /**
   * Adds a chunk, which has arrived at `arrivedAt`. Throws ProtocolError for a message that is too long, and passes on errors of the
   * handler.
   */
  feed(chunk: Uint8Array, arrivedAt: Micros = nowMicros()): void {
    let at = 0;
    while (at < chunk.length && !this.#isStopped) {
      if (this.#body === null) {
        if (this.#headFilled === 0) this.#startedAt = arrivedAt;
        while (this.#headFilled < HEADER_BYTES && at < chunk.length) {
          this.#head[this.#headFilled++] = chunk[at++] ?? 0;
        }
        if (this.#headFilled < HEADER_BYTES) return;
        const bodyBytes = this.#readLength() - 1;
        if (at + bodyBytes <= chunk.length) {
          at += bodyBytes;
          this.#deliver(this.#bodyAt(chunk, at - bodyBytes, bodyBytes));
          continue;
        }
        this.#body = this.#blockFor(bodyBytes);
        this.#bodyFilled = 0;
      }
      const part = chunk.subarray(at, at + this.#body.length - this.#bodyFilled);
      this.#body.set(part, this.#bodyFilled);
      this.#bodyFilled += part.length;
      at += part.length;
      if (this.#bodyFilled === this.#body.length) {
        const body = this.#body;
        this.#body = null;
        this.#deliver(body);
      }
    }
  }

  /** Returns the bytes of a chunk that are a whole body. */
  #bodyAt(chunk: Uint8Array, from: number, length: number): Uint8Array {
    // Sockets deliver Buffers, whose `subarray` is slow.
    if (length > MOST_COPIED_BYTES) return new Uint8Array(chunk.buffer, chunk.byteOffset + from, length);
    this.#small[length] ??= new Uint8Array(length);
    const body = this.#small[length];
    for (let at = 0; at < length; at++) body[at] = chunk[from + at] as number;
    return body;
  }

  #blockFor(bytes: number): Uint8Array {
    if (bytes > MOST_KEPT_BYTES) return new Uint8Array(bytes);
    if (this.#block.length < bytes) this.#block = new Uint8Array(2 ** Math.ceil(Math.log2(bytes)));
    return this.#block.subarray(0, bytes);
  }

  #readLength(): number {
    const length = this.#headView.getUint32(0, true);
    const most = this.maxBytesOf(this.#head[4] ?? 0);
    if (length < 1 || length > most) {
      throw new ProtocolError(`a message has ${length} bytes, and 1 to ${most} are allowed`);
    }
    return length;
  }

  #deliver(body: Uint8Array): void {
    this.#headFilled = 0;
    this.#onMessage(this.#head[4] ?? 0, body, this.#startedAt);
  }
}
