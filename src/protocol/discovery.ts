// The names with which server and viewer find each other on the local network, by DNS-SD (RFC 6763) over multicast DNS (RFC 6762).

import { printable } from "../core/printable.ts";

/** The service type that viewers browse for. Instances are named `<instance>._slipstream._tcp.local`. */
export const SERVICE = "_slipstream._tcp.local";

/** The TXT record of an instance. Each of its strings is `key=value`, with at most 255 bytes (RFC 6763, 6.4). */
export interface ServiceText {
  /** The names of the server's cameras, as text for people. */
  name: string;
  /** The server's WIRE_VERSION. */
  wire: number;
}

const MAX_NAME_BYTES = 200;

export function writeServiceText({ name, wire }: ServiceText): string[] {
  let short = name;
  while (new TextEncoder().encode(short).length > MAX_NAME_BYTES) short = short.slice(0, -1);
  return [`name=${short}`, `wire=${wire}`];
}

/** Reads a TXT record that any machine may have sent. Missing values become empty or 0, and control characters are removed. */
export function readServiceText(strings: readonly Uint8Array[]): ServiceText {
  const texts = strings.map((bytes) => new TextDecoder().decode(bytes));
  const value = (key: string) => texts.find((text) => text.startsWith(`${key}=`))?.slice(key.length + 1) ?? "";
  const wire = Number(value("wire"));
  return { name: printable(value("name")).slice(0, MAX_NAME_BYTES), wire: Number.isSafeInteger(wire) ? wire : 0 };
}
