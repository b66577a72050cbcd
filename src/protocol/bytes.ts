// A writer and a reader for the fields of a message. wire.ts has the layouts of the messages.

import { ProtocolError } from "../core/errors.ts";
import { printable } from "../core/printable.ts";
import { HEADER_BYTES, MAX_STRING_BYTES } from "./wire.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/** The largest number of bytes of a text, for example in Goodbye. The writer cuts longer texts off. Some fields have another limit. */
export const MAX_TEXT_BYTES = 200;

const TWO_POW_32 = 0x1_0000_0000;

/**
 * Writes one message of at most `capacityBytes` bytes: first the header, then the fields in order. `finish()` writes the length
 * into the header.
 */
export class MessageWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #at = HEADER_BYTES;

  /** The writer writes into `memory` if it is given. `memory` must have at least `capacityBytes` bytes. */
  constructor(type: number, capacityBytes = 512, memory: Uint8Array = new Uint8Array(capacityBytes)) {
    this.#bytes = memory;
    this.#view = new DataView(memory.buffer, memory.byteOffset, memory.byteLength);
    this.#bytes[4] = type;
  }

  u8(value: number): this {
    this.#view.setUint8(this.#take(1), value);
    return this;
  }

  u16(value: number): this {
    this.#view.setUint16(this.#take(2), value, true);
    return this;
  }

  u32(value: number): this {
    this.#view.setUint32(this.#take(4), value, true);
    return this;
  }

  /** Writes an integer in two's complement. A value out of range becomes the nearest allowed value. */
  i32(value: number): this {
    this.#view.setInt32(this.#take(4), Math.min(0x7fff_ffff, Math.max(-0x8000_0000, Math.round(value))), true);
    return this;
  }

  u64(value: number): this {
    const at = this.#take(8);
    this.#view.setUint32(at, value % TWO_POW_32, true);
    this.#view.setUint32(at + 4, Math.floor(value / TWO_POW_32), true);
    return this;
  }

  /**
   * Writes each value as unsigned LEB128. The loop is fast because it uses no DataView: a Tiles message has a thousand values.
   */
  varints(values: Uint32Array): this {
    const bytes = this.#bytes;
    let at = this.#at;
    for (let rest of values) {
      while (rest >= 0x80) {
        bytes[at++] = (rest & 0x7f) | 0x80;
        rest >>>= 7;
      }
      bytes[at++] = rest;
    }
    this.#take(at - this.#at);
    return this;
  }

  bytes(bytes: Uint8Array): this {
    this.#bytes.set(bytes, this.#take(bytes.length));
    return this;
  }

  /** Writes a string of at most `maxBytes` bytes of UTF-8. A longer text is cut between two characters. */
  string(text: string, maxBytes = MAX_TEXT_BYTES): this {
    const utf8 = new Uint8Array(maxBytes);
    const { written } = encoder.encodeInto(text, utf8);
    this.u16(written);
    this.#bytes.set(utf8.subarray(0, written), this.#take(written));
    return this;
  }

  /** Returns the message. Its length field counts `payloadBytes` more bytes, which the caller sends right after it. */
  finish(payloadBytes = 0): Uint8Array {
    this.#view.setUint32(0, this.#at - 4 + payloadBytes, true);
    return this.#bytes.subarray(0, this.#at);
  }

  #take(count: number): number {
    const at = this.#at;
    if (at + count > this.#bytes.length) {
      throw new RangeError(`message type ${this.#bytes[4]} does not fit into ${this.#bytes.length} bytes`);
    }
    this.#at = at + count;
    return at;
  }
}

/** Reads the fields of one body in order. Throws ProtocolError when the body ends before a field ends. */
export class BodyReader {
  // No DataView is used, because making one takes longer than reading a short message.
  readonly #body: Uint8Array;
  readonly #name: string;
  #at = 0;

  /** `name` is the name of the message, for error texts. */
  constructor(body: Uint8Array, name: string) {
    // Sockets deliver Buffers: their subarray() is slow, and their slice() does not copy.
    const isPlain = body.constructor === Uint8Array;
    this.#body = isPlain ? body : new Uint8Array(body.buffer, body.byteOffset, body.byteLength);
    this.#name = name;
  }

  u8(): number {
    return this.#body[this.#take(1)] as number;
  }

  u16(): number {
    const at = this.#take(2);
    const body = this.#body;
    return (body[at] as number) | ((body[at + 1] as number) << 8);
  }

  u32(): number {
    return this.i32() >>> 0;
  }

  i32(): number {
    const at = this.#take(4);
    const body = this.#body;
    const low = (body[at] as number) | ((body[at + 1] as number) << 8);
    return low | ((body[at + 2] as number) << 16) | ((body[at + 3] as number) << 24);
  }

  u64(): number {
    const low = this.u32();
    const value = this.u32() * TWO_POW_32 + low;
    if (!Number.isSafeInteger(value)) throw new ProtocolError(`${this.#name} contains a 64-bit number of 2^53 or more`);
    return value;
  }

  /** Reads `count` numbers. Each is unsigned LEB128 of at most five bytes. */
  varints(count: number): Uint32Array {
    const body = this.#body;
    const values = new Uint32Array(count);
    let at = this.#at;
    for (let index = 0; index < count; index++) {
      let value = 0;
      for (let shift = 0; ; shift += 7) {
        if (at >= body.length) this.#take(body.length + 1); // this throws the error for a body that is too short
        if (shift > 28) throw new ProtocolError(`${this.#name} contains a varint of more than five bytes`);
        const byte = body[at++] as number;
        value |= (byte & 0x7f) << shift;
        if (byte < 0x80) break;
      }
      values[index] = value;
    }
    this.#at = at;
    return values;
  }

  /** Returns the next bytes as a view of the body. */
  bytes(length: number): Uint8Array {
    const at = this.#take(length);
    return this.#body.subarray(at, at + length);
  }

  /**
   * Reads a string and returns it as printable text, because strings are shown on terminals and in logs. It has at most
   * MAX_STRING_BYTES characters.
   */
  string(): string {
    const length = this.u16();
    const at = this.#take(length);
    try {
      return printable(decoder.decode(this.#body.subarray(at, at + length))).slice(0, MAX_STRING_BYTES);
    } catch (cause) {
      throw new ProtocolError(`${this.#name} contains a string that is not UTF-8`, { cause });
    }
  }

  /** Whether the body ends here. An older version of the sender does not write the fields that follow. */
  get isAtEnd(): boolean {
    return this.#at === this.#body.length;
  }

  /** Returns the rest of the body as a view. */
  rest(): Uint8Array {
    return this.#body.subarray(this.#at);
  }

  #take(count: number): number {
    const at = this.#at;
    if (at + count > this.#body.length) {
      throw new ProtocolError(`${this.#name} ends after ${this.#body.length} bytes, in the middle of a field`);
    }
    this.#at = at + count;
    return at;
  }
}
