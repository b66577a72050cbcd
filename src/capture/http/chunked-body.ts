// Takes the chunks of HTTP/1.1 apart (RFC 9112 7.1).

const LF = 0x0a;
/** A longer line is not the size of a chunk. */
const MAX_LINE_BYTES = 4096;

export class Unchunker {
  /** The number of bytes that are missing in the present chunk. */
  #missing = 0;
  #line = "";
  /** Whether the last chunk has come. */
  isOver = false;

  /** Returns the content of the next bytes. Throws when they contain no size where one must be. */
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

  /** An empty line ends the chunk before. */
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
