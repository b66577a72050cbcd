// Explains the status of a camera's answer, in HTTP (RFC 9110 15) and RTSP (RFC 7826 17), and how soon it is tried again.

import { type Retry, SourceError } from "../core/errors.ts";
import { printable } from "../core/printable.ts";

/** The meanings of status codes of HTTP and RTSP, and how soon the camera is tried again. */
const STATUS: Readonly<Record<number, readonly [meaning: string, retry: Retry]>> = {
  401: ["the user name or password is wrong", "minutes"],
  403: ["access is forbidden", "minutes"],
  404: ["there is no such address", "growing"],
  407: ["a proxy asks for a password", "minutes"],
  410: ["there is no such address", "growing"],
  423: ["the account is locked", "minutes"],
  429: ["there were too many requests", "minutes"],
  453: ["it is busy", "soon"],
  454: ["it has ended the session", "soon"],
  503: ["it is busy", "soon"],
};

/** The longest pause for which a camera can ask. */
const LONGEST_PAUSE_MS = 3_600_000;

/**
 * Returns the error for an answer without a picture. `text` is the text of its status line, and `retryAfter` its field
 * Retry-After or null.
 */
export function explainStatus(
  name: string,
  status: number,
  text: string,
  retryAfter: string | null = null,
): SourceError {
  const answer = printable(`${status} ${text}`.trim());
  const [meaning, usual] = STATUS[status] ?? [null, status >= 500 ? "soon" : "growing"];
  const explained = meaning === null ? answer : `${answer} (${meaning})`;
  const pauseMs = pauseOf(retryAfter);
  // A camera that limits the rate of requests tells itself when it accepts the next one.
  const retry = status === 429 && pauseMs > 0 ? "soon" : usual;
  return new SourceError(`cannot read video from ${name}: it answers ${explained}`, { retry, pauseMs });
}

/**
 * Returns the pause that a field Retry-After demands. The field has a number of seconds or a date (RFC 9110 10.2.3). The result 0
 * means no pause.
 */
function pauseOf(retryAfter: string | null): number {
  if (retryAfter === null) return 0;
  const pauseMs = /^\d+$/.test(retryAfter) ? Number(retryAfter) * 1000 : Date.parse(retryAfter) - Date.now();
  return Number.isNaN(pauseMs) ? 0 : Math.min(Math.max(0, pauseMs), LONGEST_PAUSE_MS);
}

/** Returns the error for a camera that asks for a password when the address has no password. */
export function passwordMissing(name: string): SourceError {
  const scheme = /^([a-z][a-z\d+.-]*):\/\//i.exec(name)?.[1] ?? "http";
  const text = `cannot read video from ${name}: it asks for a password: write ${scheme}://USER:PASSWORD@HOST/…`;
  return new SourceError(text, { retry: "minutes" });
}
