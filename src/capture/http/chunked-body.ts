// Decodes the chunked transfer coding of HTTP/1.1 (RFC 9112 7.1).

const LF = 0x0a;
/** The longest line with the size of a chunk. */
const MAX_LINE_BYTES = 4096;

export class Unchunker {
  /** The number of bytes of the current chunk that have not come yet. */
  #missing = 0;
  #line = "";
  /** True when the last chunk has come. */
  isOver = false;

  /** Returns the content in the next bytes. Throws an error when the size of a chunk is missing. */
  take(bytes: Uint8Array): Uint8Array {
    const parts: Uint8Array[] = [];
    for (let at = 0; at < bytes.length && !this.isOver;) {
      if (this.#missing > 0) {
        const part = bytes.subarray(at, at + this.#missing);
        parts.push(part);
        this.#missing -= part.length;
        at += part.length;
      } else {
        const end = bytes.indexOf(LF, at);
        this.#line += Buffer.from(bytes.subarray(at, end < 0 ? bytes.length : end)).toString("latin1");
        if (this.#line.length > MAX_LINE_BYTES) throw new Error("a chunk of the answer has no size");
        if (end < 0) break;
        at = end + 1;
        this.#readSize();
      }
    }
    return parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts);
  }

  /** Reads the size of the next chunk. An empty line is the end of the previous chunk. */
  #readSize(): void {
    const line = this.#line.trim();
    this.#line = "";
    if (line === "") return;
    const [, size] = /^([\da-f]{1,8})(?:[ \t]*;.*)?$/i.exec(line) ?? [];
    if (size === undefined) throw new Error("a chunk of the answer has no size");
    this.#missing = Number.parseInt(size, 16);
    this.isOver = this.#missing === 0;
  }
}
