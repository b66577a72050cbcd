// The service name and the record by which viewers find servers on the local network, with DNS-SD (RFC 6763) over multicast DNS
// (RFC 6762).

import { printable } from "../core/printable.ts";

/** The service type that viewers browse for. Instances are named `<instance>._slipstream._tcp.local`. */
export const SERVICE = "_slipstream._tcp.local";

/** The TXT record of an instance. Each of its strings is `key=value`, with at most 255 bytes (RFC 6763, 6.4). */
export interface ServiceText {
  /** The names of the server's cameras, as text for people. It is empty if only viewers with a key may see the names. */
  name: string;
  /** The server's WIRE_VERSION. */
  wire: number;
  /** Whether viewers need a key. */
  needsKey: boolean;
  /** Whether the server speaks TLS. */
  usesTls: boolean;
  /** The first 16 hexadecimal digits of the SHA-256 of the server's public key (SPKI), or an empty text. */
  fingerprint: string;
}

const MAX_NAME_BYTES = 200;
const FINGERPRINT = /^[0-9a-f]{16}$/;

export function writeServiceText({ name, wire, needsKey, usesTls, fingerprint }: ServiceText): string[] {
  let short = name;
  while (new TextEncoder().encode(short).length > MAX_NAME_BYTES) short = short.slice(0, -1);
  const facts = [needsKey ? "key=1" : "", usesTls ? "tls=1" : "", fingerprint === "" ? "" : `fp=${fingerprint}`];
  return [`name=${short}`, `wire=${wire}`, ...facts.filter((fact) => fact !== "")];
}

/**
 * Reads a TXT record that any machine may have sent. Missing and wrong values become empty, false or 0, and control characters
 * are removed.
 */
export function readServiceText(strings: readonly Uint8Array[]): ServiceText {
  const texts = strings.map((bytes) => new TextDecoder().decode(bytes));
  const value = (key: string) => texts.find((text) => text.startsWith(`${key}=`))?.slice(key.length + 1) ?? "";
  const wire = Number(value("wire"));
  return {
    name: printable(value("name")).slice(0, MAX_NAME_BYTES),
    wire: Number.isSafeInteger(wire) ? wire : 0,
    needsKey: value("key") === "1",
    usesTls: value("tls") === "1",
    fingerprint: FINGERPRINT.test(value("fp")) ? value("fp") : "",
  };
}
