// Finds the delimiter lines between the parts of a multipart answer, including the invalid forms that cameras write.
//
// By RFC 2046 5.1.1 a delimiter is CRLF, "--", the boundary and CRLF. Some cameras declare a boundary that includes the dashes,
// write the line without dashes, end lines with LF alone, leave out the line end before the delimiter, or write another boundary
// than they declare.

const LF = 0x0a;
const CR = 0x0d;
const DASH = 0x2d;
const SPACE = 0x20;
const TAB = 0x09;

/** The longest boundary. RFC 2046 allows 70 characters. Cameras use UUIDs and dates. */
const MAX_LINE_BYTES = 256;

/** Delimiters are searched in windows of this size. */
const WINDOW_BYTES = 16 * 1024;

/** The number of forms that are remembered. Cameras use one form, or a new one for each part. */
const MAX_FORMS = 4;

/** A delimiter shorter than this may occur in the data of a picture, so it must be alone on a line. */
const LONG_BYTES = 10;

export interface DelimiterPlace {
  /** The start of the delimiter, including the line end before it. */
  at: number;
  /** The start of its boundary, including the two dashes. */
  textAt: number;
}

export interface Found extends DelimiterPlace {
  /** False if this camera has sent other delimiters so far. In this case the bytes are a delimiter only if a picture follows. */
  isKnown: boolean;
  /** False if the same bytes may be data of a picture. Then they are a delimiter only while no picture is being read. */
  isCertain: boolean;
}

/** Knows or learns the delimiter of one answer. */
export class Delimiter {
  /** The forms of delimiters, from their first dash to the end of the boundary. */
  #forms: Buffer[] = [];
  #isSeen = false;

  /** `boundary` is the boundary that the camera declares, or null. */
  constructor(boundary: string | null) {
    const core = boundary?.replace(/^-+/, "") ?? "";
    if (core !== "" && core.length < MAX_LINE_BYTES) this.#forms.push(Buffer.from(`--${core}`));
  }

  /** Whether a delimiter has been seen. */
  get isSeen(): boolean {
    return this.#isSeen;
  }

  /**
   * Returns whether a line between parts (without its line end) is a delimiter or ends with one, because a picture may end
   * without a line end. The method also learns the form of this camera's delimiters.
   */
  isLine(line: Buffer): boolean {
    const text = trimmed(line);
    if (this.#forms.some((form) => endsWith(text, form) || isAtStartOf(line, form))) return this.#see();
    const withoutDashes = this.#forms[0]?.subarray(2);
    if (withoutDashes !== undefined && Buffer.compare(text, withoutDashes) === 0) {
      this.#forms.push(withoutDashes);
      return this.#see();
    }
    if (this.#isSeen || !isNewForm(text)) return false;
    this.#forms.push(Buffer.from(text));
    return this.#see();
  }

  /** Learns the delimiter in the line that begins at `at`, which differs from the earlier ones. */
  learn(bytes: Buffer, at: number): void {
    const form = Buffer.from(trimmed(bytes.subarray(at, bytes.indexOf(LF, at))));
    this.#forms = [...this.#forms.slice(1 - MAX_FORMS), form];
  }

  /**
   * Returns the first delimiter in the data of a part, from `from` on, or null if there is none before the place that `findStart`
   * returns. `isAtStart` means that the part begins at `from`.
   */
  find(bytes: Buffer, from: number, isAtStart: boolean): Found | null {
    // The search goes through windows of the bytes. Otherwise, with many candidates, the bytes after each of them would be
    // searched again and again.
    for (let begin = from; begin < bytes.length; begin += WINDOW_BYTES) {
      const searchedBytes = begin + WINDOW_BYTES + MAX_LINE_BYTES;
      const fresh = findNew(bytes, bytes.subarray(0, searchedBytes), { begin, from, isKnown: !this.#isSeen });
      // A known delimiter has priority if it is before this line or in it.
      const knownTo = fresh === null ? searchedBytes : fresh.textAt + MAX_LINE_BYTES;
      const found = earlier(this.#findKnown(bytes, bytes.subarray(0, knownTo), { begin, from, isAtStart }), fresh);
      if (found !== null) return found;
    }
    return null;
  }

  /** Returns the first known delimiter in `searched`, from `begin` on. `searched` is the beginning of `bytes`. */
  #findKnown(
    bytes: Buffer,
    searched: Buffer,
    { begin, from, isAtStart }: { begin: number; from: number; isAtStart: boolean },
  ): Found | null {
    let first: Found | null = null;
    for (const form of this.#forms) {
      for (let at = searched.indexOf(form, begin); at >= 0; at = searched.indexOf(form, at + 1)) {
        if (first !== null && at >= first.textAt) break;
        if (!isEnded(bytes, at + form.length)) continue;
        const start = lineStart(bytes, at, from);
        const isOnOwnLine = start.isLineStart || (isAtStart && start.at === from);
        first = { at: start.at, textAt: at, isKnown: true, isCertain: isOnOwnLine || form.length >= LONG_BYTES };
        break;
      }
    }
    return first;
  }

  /** Returns the start of the bytes, from `from` on, that may be an incomplete delimiter. */
  findStart(bytes: Buffer, from: number): DelimiterPlace {
    let start = bytes.length;
    for (const form of this.#forms) {
      // The byte after the boundary decides whether this is a delimiter. If it is a dash, the next byte decides.
      const isWithDash = bytes.at(-1) === DASH && endsWith(bytes.subarray(from, -1), form);
      if (isWithDash) start = Math.min(start, bytes.length - 1 - form.length);
      for (let at = Math.max(from, bytes.length - form.length); at < start; at++) {
        if (bytes.compare(form, 0, bytes.length - at, at) === 0) start = at;
      }
    }
    start = Math.min(start, findNewStart(bytes, from));
    return { at: lineStart(bytes, start, Math.max(from, start - MAX_LINE_BYTES)).at, textAt: start };
  }

  #see(): true {
    this.#isSeen = true;
    return true;
  }
}

/** Returns the line without its line end, spaces and the two dashes that end the last part. */
function trimmed(line: Uint8Array): Buffer {
  let end = line.length;
  while (end > 0 && isBlank(line[end - 1])) end--;
  if (end > 4 && line[end - 1] === DASH && line[end - 2] === DASH) end -= 2;
  return Buffer.from(line.buffer, line.byteOffset, end);
}

function isBlank(byte: number | undefined): boolean {
  return byte === CR || byte === LF || byte === SPACE || byte === TAB;
}

/** Returns whether a line begins with a known form, followed by spaces or dashes. */
function isAtStartOf(line: Buffer, form: Buffer): boolean {
  return (
    line.length > form.length && line.compare(form, 0, form.length, 0, form.length) === 0 && isEnded(line, form.length)
  );
}

function endsWith(text: Buffer, form: Buffer): boolean {
  return text.length >= form.length && text.compare(form, 0, form.length, text.length - form.length) === 0;
}

/** Returns whether a line may be an undeclared delimiter, which is two dashes and text. */
function isNewForm(text: Buffer): boolean {
  return text.length > 2 && text.length < MAX_LINE_BYTES && /^--[\x20-\x7e]+$/.test(text.toString("latin1"));
}

/**
 * Returns whether the bytes after a form can follow a boundary: a line end, two dashes, or spaces (RFC 2046: transport padding).
 */
function isEnded(bytes: Buffer, at: number): boolean {
  if (bytes[at] === DASH) return bytes[at + 1] === DASH;
  return isBlank(bytes[at]);
}

/** Returns the index before dashes and one line end that precede `at`, but not less than `least`. */
function lineStart(bytes: Buffer, textAt: number, least: number): { at: number; isLineStart: boolean } {
  let at = textAt;
  while (at > least && bytes[at - 1] === DASH) at--;
  const isLineStart = at > least && (bytes[at - 1] === LF || bytes[at - 1] === CR);
  if (at > least && bytes[at - 1] === LF) at--;
  if (at > least && bytes[at - 1] === CR) at--;
  return { at, isLineStart };
}

function earlier(one: Found | null, other: Found | null): Found | null {
  if (one === null || other === null) return one ?? other;
  return one.at <= other.at ? one : other;
}

/** Returns the first line in `searched`, from `begin` on, that may be an undeclared delimiter. */
function findNew(
  bytes: Buffer,
  searched: Buffer,
  { begin, from, isKnown }: { begin: number; from: number; isKnown: boolean },
): Found | null {
  // The line end before a delimiter may be the last byte before the window.
  for (let at = searched.indexOf("\n--", Math.max(from, begin - 1)); at >= 0; at = searched.indexOf("\n--", at + 1)) {
    const end = bytes.subarray(0, at + 2 + MAX_LINE_BYTES).indexOf(LF, at + 1);
    if (end < 0) continue;
    if (!isKnown && !mayBeginHeader(bytes[end + 1])) continue;
    if (!isNewForm(trimmed(bytes.subarray(at + 1, end)))) continue;
    return { at: lineStart(bytes, at + 1, from).at, textAt: at + 1, isKnown, isCertain: false };
  }
  return null;
}

/**
 * Returns whether the first byte of a line may begin a header field, an empty line or a picture. `byte` is undefined if it has
 * not come.
 */
function mayBeginHeader(byte: number | undefined): boolean {
  return (
    byte === undefined || byte === CR || byte === LF || byte === 0xff || /[A-Za-z]/.test(String.fromCharCode(byte))
  );
}

function findNewStart(bytes: Buffer, from: number): number {
  const lf = bytes.lastIndexOf(LF);
  if (lf < from || bytes.length - lf > MAX_LINE_BYTES) return bytes.length;
  const rest = bytes.toString("latin1", lf + 1);
  return /^-?$|^--[\x20-\x7e]*\r?$/.test(rest) ? lf + 1 : bytes.length;
}
