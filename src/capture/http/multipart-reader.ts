// Reads multipart/x-mixed-replace, including the invalid forms that cameras write: it finds the start and end of each part.
//
// Cameras often send a wrong length, type, boundary or line end. So the reader uses every sign of an end: the structure of the
// picture (which JpegReader follows), the length if it has been right so far, and the next delimiter.

import { Delimiter, type Found } from "./delimiter.ts";

/** A longer line is not a header field, and only its end is searched for a delimiter. */
const MAX_LINE_BYTES = 1024;
/** If the header after a possible delimiter within a picture's header is longer than this, the bytes are data of the picture. */
const MAX_CONFIRMED_BYTES = 4096;
const MAX_PART_BYTES = 64 * 1024 * 1024;

const LF = 0x0a;
const SOI = Buffer.from([0xff, 0xd8, 0xff]);

/** Receives the content of parts. */
export interface PartSink {
  /** Takes the next bytes of the content. */
  write(bytes: Uint8Array): void;
  /** Takes note that a part has ended. The reader may call it several times between two parts. */
  border(): void;
  /** Tells where the bytes so far end: in the header of a JPEG, in its scan (the pixel data), or outside of any JPEG. */
  readonly inside: "nothing" | "header" | "scan";
}

/**
 * The states:
 * - `lines`: between two parts, where only a delimiter or a header field begins the next part;
 * - `header`: the header fields of a part, until an empty line;
 * - `body`: the content.
 */
type State = "lines" | "header" | "body";

export class MultipartReader {
  readonly #sink: PartSink;
  readonly #delimiter: Delimiter;
  #state: State = "lines";
  /** Bytes that wait, because they can be understood only together with the next bytes. */
  #held: Buffer = Buffer.alloc(0);
  /** The length of the part from its header, or null if unknown. */
  #length: number | null = null;
  /** Whether the part is skipped because it is not a picture. */
  #isSkipped = false;
  #bodyBytes = 0;
  /** Whether the last length that could be checked was right. */
  #isLengthTrusted = false;

  /** `boundary` is the boundary that the camera declares, or null. */
  constructor(sink: PartSink, boundary: string | null) {
    this.#sink = sink;
    this.#delimiter = new Delimiter(boundary);
  }

  /** Takes the next bytes in chunks of any size. The memory of `chunk` is not used after the call. */
  write(chunk: Uint8Array): void {
    const added = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    const bytes = this.#held.length === 0 ? added : Buffer.concat([this.#held, added]);
    let at = 0;
    for (;;) {
      const next: number = this.#state === "body" ? this.#readBody(bytes, at) : this.#readLine(bytes, at);
      if (next < 0) break;
      at = next;
    }
    this.#held = Buffer.from(bytes.subarray(this.#heldFrom)); // The rest is copied, because the chunk belongs to the caller.
  }

  /** Handles the end of the answer. */
  end(): void {
    // The kept bytes belong to the picture only in its header. In a scan, they are the line end after the last picture.
    if (this.#state === "body" && !this.#isSkipped && this.#sink.inside === "header") this.#sink.write(this.#held);
    this.#sink.border();
    this.#held = Buffer.alloc(0);
  }

  /** The start of the bytes that are kept for the next call after a step has returned `#wait`. */
  #heldFrom = 0;

  #wait(heldFrom: number): -1 {
    this.#heldFrom = heldFrom;
    return -1;
  }

  /** Reads one line between parts or of a header. Returns the next index, or `#wait`. */
  #readLine(bytes: Buffer, at: number): number {
    const end = bytes.indexOf(LF, at);
    const soi = bytes.subarray(0, end < 0 ? bytes.length : end).indexOf(SOI, at);
    // Some cameras write no empty line before the picture. But between parts, once a delimiter was seen, a JPEG here is not taken
    // for a picture: if a wrong length has cut the last picture, its rest may contain a thumbnail.
    const mayBegin = this.#state === "header" || !this.#delimiter.isSeen;
    if (soi >= 0 && mayBegin) return this.#beginBody(soi);
    if (end < 0) {
      return this.#wait(Math.max(at, bytes.length - MAX_LINE_BYTES));
    }
    const line = bytes.subarray(Math.max(at, end - MAX_LINE_BYTES), end);
    if (this.#delimiter.isLine(line)) {
      this.#sink.border();
      this.#beginHeader();
    } else if (isEmpty(line)) {
      if (this.#state === "header") return this.#beginBody(end + 1);
    } else {
      this.#readField(line.toString("latin1").trim());
    }
    return end + 1;
  }

  #beginHeader(): void {
    this.#state = "header";
    this.#length = null;
    this.#isSkipped = false;
  }

  #readField(line: string): void {
    const field = parseField(line);
    if (field === null) {
      if (this.#state === "lines") this.#isLengthTrusted = false; // The last part was longer than its length.
      return;
    }
    if (this.#state === "lines") this.#beginHeader();
    const [name, value] = field;
    if (name === "content-length" && /^\d+$/.test(value)) {
      const length = Number(value);
      this.#length = length > 0 && length <= MAX_PART_BYTES ? length : null; // Cameras that do not know the length write 0.
    }
    if (name === "content-type") this.#isSkipped = isOtherType(value);
  }

  #beginBody(at: number): number {
    this.#state = "body";
    this.#bodyBytes = 0;
    return at;
  }

  /** Reads content up to the next sign of its end. Returns the next index, or `#wait`. */
  #readBody(bytes: Buffer, at: number): number {
    const isAtStart = this.#bodyBytes === 0;
    if (isAtStart && this.#isSkipped) {
      if (bytes.length - at < 2) return this.#wait(at);
      if (bytes[at] === 0xff && bytes[at + 1] === 0xd8) this.#isSkipped = false; // This is a JPEG, even if its type is another one.
    }
    const found = this.#delimiter.find(bytes, at, isAtStart);
    const { at: dataEnd, textAt } = found ?? this.#delimiter.findStart(bytes, at);
    if (this.#length !== null && this.#isLengthTrusted && this.#bodyBytes + textAt - at >= this.#length) {
      const end = at + this.#length - this.#bodyBytes;
      this.#take(bytes.subarray(at, end));
      return this.#endBody(end);
    }
    this.#take(bytes.subarray(at, dataEnd));
    if (found === null) return this.#wait(dataEnd);
    const isDelimiter = this.#judge(bytes, found);
    if (isDelimiter === null) return this.#wait(found.at);
    if (!isDelimiter) {
      this.#take(bytes.subarray(found.at, found.textAt + 1));
      return found.textAt + 1;
    }
    if (this.#length !== null) {
      const lineEndBytes = found.textAt - found.at; // Some cameras count the line end in the length.
      this.#isLengthTrusted = this.#length >= this.#bodyBytes && this.#length <= this.#bodyBytes + lineEndBytes;
    }
    return this.#endBody(found.textAt);
  }

  #endBody(at: number): number {
    this.#sink.border();
    this.#state = "lines";
    return at;
  }

  #take(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#bodyBytes += bytes.length;
    if (!this.#isSkipped) this.#sink.write(bytes);
  }

  /** Returns whether the found bytes are a delimiter, or null if more bytes are needed. */
  #judge(bytes: Buffer, found: Found): boolean | null {
    const { inside } = this.#sink;
    if (inside === "nothing") {
      if (found.isKnown) return true;
      const isDelimiter = leadsToPicture(bytes, found.textAt);
      if (isDelimiter === true) this.#delimiter.learn(bytes, found.textAt);
      return isDelimiter;
    }
    if (!found.isCertain) return false;
    // A segment of a header may contain any bytes, also those of a delimiter. But a segment with a wrong length may hide real
    // delimiters, so the bytes that follow decide.
    return inside === "scan" ? true : leadsToPicture(bytes, found.textAt);
  }
}

/** Returns whether header fields and a picture follow the delimiter's line at `at`, or null if more bytes are needed. */
function leadsToPicture(bytes: Buffer, at: number): boolean | null {
  let line = bytes.indexOf(LF, at) + 1;
  while (line > 0 && line - at < MAX_CONFIRMED_BYTES) {
    const start = bytes.subarray(line, line + SOI.length);
    if (start.equals(SOI.subarray(0, start.length))) return start.length === SOI.length ? true : null;
    const end = bytes.indexOf(LF, line);
    if (end < 0) return bytes.length - line > MAX_LINE_BYTES ? false : null;
    const text = bytes.subarray(line, end);
    if (!isEmpty(text) && parseField(text.toString("latin1").trim()) === null) return false;
    line = end + 1;
  }
  return line > 0 || bytes.length - at > MAX_LINE_BYTES ? false : null;
}

function isEmpty(line: Uint8Array): boolean {
  return line.every((byte) => byte === 0x0d || byte === 0x20 || byte === 0x09);
}

/** Returns the name in lower case and the value of a header field, or null if the line is not a header field. */
function parseField(line: string): [name: string, value: string] | null {
  const [, name, value] = /^([A-Za-z][\w-]{2,60})[ \t]*:[ \t]*([\x20-\x7e\t]*)$/.exec(line) ?? [];
  return name === undefined || value === undefined ? null : [name.toLowerCase(), value];
}

/** Returns whether a part of this type is not a picture. Cameras add sound and events to their streams. */
function isOtherType(type: string): boolean {
  return /^(?:audio|text)\/|^application\/(?:.*\+)?(?:json|xml)/i.test(type);
}
