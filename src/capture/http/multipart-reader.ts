// Reads multipart/x-mixed-replace as cameras write it: finds where each part begins and ends.
//
// What a camera says about its parts is often wrong: the length, the type, the boundary, line ends. So everything that shows an end counts:
// the structure of the picture (which JpegReader follows), the length when it has been right so far, and the next delimiter.

import { Delimiter, type Found } from "./delimiter.ts";

/** Of a longer line, which is no header, only the end is looked at: a delimiter may stand there. */
const MAX_LINE_BYTES = 1024;
/** A header that is longer than this, behind what looks like a delimiter in the header of a picture, is data. */
const MAX_CONFIRMED_BYTES = 4096;
const MAX_PART_BYTES = 64 * 1024 * 1024;

const LF = 0x0a;
const SOI = Buffer.from([0xff, 0xd8, 0xff]);

/** Takes the content of parts. */
export interface PartSink {
  /** The next bytes of the content. */
  write(bytes: Uint8Array): void;
  /** A part ends here, or there is none. It may be called several times between two parts. */
  border(): void;
  /** Which part of a JPEG is being read after the bytes so far. */
  readonly inside: "nothing" | "header" | "scan";
}

/**
 * `lines`: between two parts, where only a delimiter or a header field leads to the next part. `header`: the fields of a part, until an
 * empty line. `body`: the content.
 */
type State = "lines" | "header" | "body";

export class MultipartReader {
  readonly #sink: PartSink;
  readonly #delimiter: Delimiter;
  #state: State = "lines";
  /** Bytes that cannot be judged before more are there. */
  #held: Buffer = Buffer.alloc(0);
  /** The length of the part as its header says; null: it is not known. */
  #length: number | null = null;
  /** Whether the part is no picture and is left out. */
  #isSkipped = false;
  #bodyBytes = 0;
  /** Whether the last part whose length could be checked had that length. */
  #isLengthTrusted = false;

  /** `boundary` as the camera declares it; null when it declares none. */
  constructor(sink: PartSink, boundary: string | null) {
    this.#sink = sink;
    this.#delimiter = new Delimiter(boundary);
  }

  /** Takes the next bytes, in chunks of any size. The memory of `chunk` is not used after the call. */
  write(chunk: Uint8Array): void {
    const added = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    const bytes = this.#held.length === 0 ? added : Buffer.concat([this.#held, added]);
    let at = 0;
    for (;;) {
      const next: number = this.#state === "body" ? this.#readBody(bytes, at) : this.#readLine(bytes, at);
      if (next < 0) break;
      at = next;
    }
    this.#held = Buffer.from(bytes.subarray(this.#heldFrom)); // a copy: the chunk belongs to the caller
  }

  /** The answer ends here. */
  end(): void {
    // Within a scan, what is held is the line end behind the last picture.
    if (this.#state === "body" && !this.#isSkipped && this.#sink.inside === "header") this.#sink.write(this.#held);
    this.#sink.border();
    this.#held = Buffer.alloc(0);
  }

  /** Where the bytes begin that are kept for the next call, after a step has returned `#wait`. */
  #heldFrom = 0;

  #wait(heldFrom: number): -1 {
    this.#heldFrom = heldFrom;
    return -1;
  }

  /** Reads one line between parts or of a header. Returns where to go on, or `#wait`. */
  #readLine(bytes: Buffer, at: number): number {
    const end = bytes.indexOf(LF, at);
    const soi = bytes.subarray(0, end < 0 ? bytes.length : end).indexOf(SOI, at);
    // A picture without an empty line before it. Behind a part only a header leads to the next picture: a wrong length may have cut
    // the last one, and what is left of it may contain a thumbnail.
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
      if (this.#state === "lines") this.#isLengthTrusted = false; // the last part went on behind its length
      return;
    }
    if (this.#state === "lines") this.#beginHeader();
    const [name, value] = field;
    if (name === "content-length" && /^\d+$/.test(value)) {
      const length = Number(value);
      this.#length = length > 0 && length <= MAX_PART_BYTES ? length : null; // 0 is written by cameras that do not know it
    }
    if (name === "content-type") this.#isSkipped = isOtherType(value);
  }

  #beginBody(at: number): number {
    this.#state = "body";
    this.#bodyBytes = 0;
    return at;
  }

  /** Reads content up to the next sign of its end. Returns where to go on, or `#wait`. */
  #readBody(bytes: Buffer, at: number): number {
    const isAtStart = this.#bodyBytes === 0;
    if (isAtStart && this.#isSkipped) {
      if (bytes.length - at < 2) return this.#wait(at);
      if (bytes[at] === 0xff && bytes[at + 1] === 0xd8) this.#isSkipped = false; // a JPEG, whatever its type says
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
      const lineEndBytes = found.textAt - found.at; // some cameras count it
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

  /** Whether what was found is a delimiter; null: more bytes are needed to tell. */
  #judge(bytes: Buffer, found: Found): boolean | null {
    const { inside } = this.#sink;
    if (inside === "nothing") return true;
    if (!found.isCertain) return false;
    // A comment may contain anything. But the length of a segment may be wrong, and would swallow the pictures behind it.
    return inside === "scan" ? true : leadsToPicture(bytes, found.textAt);
  }
}

/** Whether a delimiter's line at `at` is followed by header fields and a picture; null: more bytes are needed to tell. */
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

/** Returns the name in lower case and the value of a header field; null when the line is none. */
function parseField(line: string): [name: string, value: string] | null {
  const [, name, value] = /^([A-Za-z][\w-]{2,60})[ \t]*:[ \t]*([\x20-\x7e\t]*)$/.exec(line) ?? [];
  return name === undefined || value === undefined ? null : [name.toLowerCase(), value];
}

/** Whether a part of this type is no picture. Cameras add sound and events to their streams. */
function isOtherType(type: string): boolean {
  return /^(?:audio|text)\/|^application\/(?:.*\+)?(?:json|xml)/i.test(type);
}
