// Reads the head of an answer that violates HTTP/1 (RFC 9112). Some cameras write another protocol into the status line, lines
// that are not fields, spaces before a colon, or no head at all (HTTP/0.9).

const MAX_HEAD_BYTES = 64 * 1024;
/** After this many bytes it is clear whether there is a status line. */
const STATUS_BYTES = 16;

const STATUS_LINE = /^[A-Z]{3,8}(?:\/\d(?:\.\d)?)?[ \t]+([1-5]\d\d)[ \t]*(.*)$/i;
const FIELD = /^([!#$%&'*+.^`|~\w-]+)[ \t]*:(.*)$/;
const LF = 0x0a;
const CR = 0x0d;

export interface AnswerHead {
  status: number;
  statusText: string;
  headers: Headers;
  /** The place of the first byte of the body. */
  bodyAt: number;
}

/**
 * Returns the head, or null if more bytes are needed. `isAll` means that no more bytes follow. Interim answers (1xx) are skipped.
 */
export function readHead(bytes: Buffer, isAll: boolean): AnswerHead | null {
  let start = 0;
  for (;;) {
    while (bytes[start] === CR || bytes[start] === LF) start++;
    const lineEnd = bytes.indexOf(LF, start);
    const first = bytes.toString("latin1", start, lineEnd < 0 ? undefined : lineEnd).trimEnd();
    if (lineEnd < 0 && bytes.length - start < STATUS_BYTES && !isAll) return null;
    const [, status, statusText = ""] = STATUS_LINE.exec(first) ?? [];
    if (status === undefined) return { status: 200, statusText: "", headers: new Headers(), bodyAt: 0 };
    const bodyAt = endOfHead(bytes, start);
    if (bodyAt < 0 && !isAll && bytes.length - start < MAX_HEAD_BYTES) return null;
    const end = bodyAt < 0 ? bytes.length : bodyAt;
    if (!status.startsWith("1")) {
      const lines = bytes.toString("latin1", start, end).split(/\r?\n/).slice(1);
      return { status: Number(status), statusText, headers: fieldsOf(lines), bodyAt: end };
    }
    start = end;
  }
}

/** Returns the place after the first empty line, or -1. */
function endOfHead(bytes: Buffer, from: number): number {
  for (let at = bytes.indexOf(LF, from); at >= 0; at = bytes.indexOf(LF, at + 1)) {
    const next = bytes[at + 1] === CR ? at + 2 : at + 1;
    if (bytes[next] === LF) return next + 1;
  }
  return -1;
}

function fieldsOf(lines: readonly string[]): Headers {
  const headers = new Headers();
  for (const line of lines) {
    const [, name, value = ""] = FIELD.exec(line) ?? [];
    // A field cannot contain control characters except tabs.
    if (name !== undefined) headers.append(name, value.replace(/[^\t\x20-\x7e\x80-\xff]/g, "").trim());
  }
  return headers;
}
