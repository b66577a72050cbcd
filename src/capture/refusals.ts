// Explains the status of a camera's answer, in HTTP (RFC 9110 15) and RTSP (RFC 7826 17), and how soon it is tried again.

import { type Retry, SourceError } from "../core/errors.ts";
import { printable } from "../core/printable.ts";

/** The meanings of status codes of HTTP and RTSP, and how soon the camera is tried again. */
const STATUS: Readonly<Record<number, readonly [meaning: string, retry: Retry]>> = {
  401: ["the user name or password is wrong", "minutes"],
  403: ["access is forbidden", "minutes"],
  404: ["there is no such address", "growing"],
  410: ["there is no such address", "growing"],
  423: ["the account is locked", "minutes"],
  429: ["there were too many requests", "minutes"],
  453: ["it is busy", "soon"],
  454: ["it has ended the session", "soon"],
  503: ["it is busy", "soon"],
};

/** Returns the error for an answer without a picture. `text` is the text of its status line. */
export function explainStatus(name: string, status: number, text: string): SourceError {
  const answer = printable(`${status} ${text}`.trim());
  const [meaning, retry] = STATUS[status] ?? [null, status >= 500 ? "soon" : "growing"];
  const explained = meaning === null ? answer : `${answer} (${meaning})`;
  return new SourceError(`cannot read video from ${name}: it answers ${explained}`, { retry });
}

/** Returns the error for a camera that asks for a password when the address has no password. */
export function passwordMissing(name: string): SourceError {
  const scheme = /^([a-z][a-z\d+.-]*):\/\//i.exec(name)?.[1] ?? "http";
  const text = `cannot read video from ${name}: it asks for a password: write ${scheme}://USER:PASSWORD@HOST/…`;
  return new SourceError(text, { retry: "minutes" });
}
