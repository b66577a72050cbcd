// Recognises other protocols by their first bytes, so that people learn which port or program they have mixed up.

import { beginsTls } from "./tls.ts";

/** The first words of an HTTP request or answer (RFC 9112, 3 and 4). */
const HTTP = /^(?:GET|HEAD|POST|PUT|DELETE|OPTIONS|CONNECT|PATCH) |^HTTP\//;
const LONGEST_WORD = 8;

/** Returns the name of the protocol that begins with these bytes, or null if it is not known. */
export function otherProtocol(first: Uint8Array): "HTTP" | "TLS" | "SSH" | null {
  const text = String.fromCharCode(...first.subarray(0, LONGEST_WORD));
  if (HTTP.test(text)) return "HTTP";
  if (text.startsWith("SSH-")) return "SSH"; // RFC 4253, 4.2
  return first.length >= 2 && beginsTls(first) ? "TLS" : null;
}
