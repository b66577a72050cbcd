// Whether a program listens on a port, without a connection to it. Linux only.

import { readFileSync } from "node:fs";

/** Reads /proc/net/tcp (proc(5)), in which addresses and ports are hexadecimal, and state 0A is TCP_LISTEN. */
export function isListening(port: number): boolean {
  const local = port.toString(16).toUpperCase().padStart(4, "0");
  return new RegExp(`^ *\\d+: [0-9A-F]{8}:${local} \\S+ 0A `, "m").test(readFileSync("/proc/net/tcp", "utf8"));
}
