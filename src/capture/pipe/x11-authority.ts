// Finds the cookie with which a program may connect to an X server, in the file that Xlib and libxcb read (Xsecurity(7), libXau
// AuFileName).

import { readFileSync } from "node:fs";
import { homedir, hostname } from "node:os";
import { join } from "node:path";

/** The kind of authorization that uses cookies. */
export const COOKIE_KIND = "MIT-MAGIC-COOKIE-1";

/** The families of addresses in the file (X11/Xauth.h). */
const FAMILY_LOCAL = 256;
const FAMILY_WILD = 65535;

/**
 * Returns the cookie for a display of this machine, or for a display to which a connection is forwarded (ssh -X). Returns null
 * when the file has none.
 */
export function cookieOf(
  displayNumber: string,
  file = process.env["XAUTHORITY"] ?? join(homedir(), ".Xauthority"),
): Buffer | null {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch {
    return null; // many servers need no cookie, and the others report that it is missing
  }
  let best: Buffer | null = null;
  for (let at = 0; at + 2 < bytes.length;) {
    const family = bytes.readUInt16BE(at);
    at += 2;
    const fields: Buffer[] = [];
    for (let index = 0; index < 4 && at + 2 <= bytes.length; index++) {
      const length = bytes.readUInt16BE(at);
      fields.push(bytes.subarray(at + 2, at + 2 + length));
      at += 2 + length;
    }
    const [address = "", number = "", kind, cookie] = fields.map(String);
    if (kind !== COOKIE_KIND || cookie === undefined || (number !== "" && number !== displayNumber)) continue;
    const isOwn = family === FAMILY_WILD || (family === FAMILY_LOCAL && address === hostname());
    if (isOwn || best === null) best = fields[3] ?? null;
    if (isOwn) break;
  }
  return best;
}
