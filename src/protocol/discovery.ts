// How servers are found on the local network: DNS-SD (RFC 6763) over multicast DNS (RFC 6762). What both sides must agree on.

import { printable } from "../core/printable.ts";

/** What is browsed for; instances are called `<instance>._slipstream._tcp.local`. */
export const SERVICE = "_slipstream._tcp.local";

/** What an instance's TXT record says; RFC 6763, 6.4: each string of it `key=value`, at most 255 bytes. */
export interface ServiceText {
  /** Of its sources, for people. */
  name: string;
  /** WIRE_VERSION of the server. */
  wire: number;
}

const MAX_NAME_BYTES = 200;

export function writeServiceText({ name, wire }: ServiceText): string[] {
  let short = name;
  while (new TextEncoder().encode(short).length > MAX_NAME_BYTES) short = short.slice(0, -1);
  return [`name=${short}`, `wire=${wire}`];
}

/** Reads what may have come from anybody: what is missing is empty or 0, and what a terminal would obey is left out. */
export function readServiceText(strings: readonly Uint8Array[]): ServiceText {
  const texts = strings.map((bytes) => new TextDecoder().decode(bytes));
  const value = (key: string) => texts.find((text) => text.startsWith(`${key}=`))?.slice(key.length + 1) ?? "";
  const wire = Number(value("wire"));
  return { name: printable(value("name")).slice(0, MAX_NAME_BYTES), wire: Number.isSafeInteger(wire) ? wire : 0 };
}
