// Parses the address of a server, with the name of one of its cameras: HOST, HOST:PORT or [IPv6]:PORT, and then /NAME. A link has
// a scheme before the address, and may have a key: slips://KEY@HOST:PORT/NAME.

import { UsageError } from "../core/errors.ts";
import { formatHostPort } from "../core/host-port.ts";
import { looksLikeKey, withoutKeys } from "../core/shown-key.ts";
import { DEFAULT_PORT, MAX_CAMERA_NAME_BYTES } from "../protocol/wire.ts";

export interface Address {
  host: string;
  port: number;
  /** The name of a camera, or a part of it. An empty name means the first camera. */
  camera: string;
}

/** The scheme of a link. `slips` means TLS. `slip` means no TLS, for networks that already encrypt. */
export type Scheme = "slip" | "slips";

/**
 * The server as the user wrote it. Its type is not Address, because an Address is shown in titles and logs, and the key
 * is a secret.
 */
export interface Link {
  address: Address;
  /** Null for an address without a scheme. */
  scheme: Scheme | null;
  /** The key as it was written, or null. */
  key: string | null;
}

/** Returns whether a text is a link to a server, right or wrong. */
export function isLink(text: string): boolean {
  return /^slips?:\/\//i.test(text);
}

/** Parses an address. Throws UsageError if the text is not a host with an optional port and camera name. */
export function parseAddress(text: string): Address {
  const match = /^(?:\[([0-9a-fA-F:.%\w]+)\]|([^:\s/[\]@]+))(?::(\d{1,5}))?(?:\/([^\n]*))?$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = match?.[3] === undefined ? DEFAULT_PORT : Number(match[3]);
  const isLost = host === undefined ? /^[^/]*@/.test(text) : looksLikeKey(host);
  // The error does not quote the text, because a part of it may be a key.
  if (isLost) throw new UsageError("a key can only be given in a link: write slips://KEY@HOST:PORT/CAMERA");
  if (host !== undefined && (port < 1 || port > 65535))
    throw new UsageError(`there is no port ${port}: write HOST:PORT with a port from 1 to 65535`);
  if (host === undefined) {
    throw new UsageError(
      `'${withoutKeys(text)}' is not an address: write HOST, HOST:PORT or HOST:PORT/CAMERA, for example camera.local:10050 or [::1]:10050/door`,
    );
  }
  return { host, port, camera: checkedCamera(match?.[4] ?? "") };
}

/**
 * Parses an address or a link. In a link the key may be written with or without dashes, in any case, and percent-encoded, and the
 * name of the camera may be percent-encoded. Throws UsageError, which never quotes a key.
 */
export function parseLink(text: string): Link {
  const match = /^\s*(slips?):\/\/(.*?)\s*$/is.exec(text);
  if (match === null) {
    // The error does not quote the text, because a part of it may be a key.
    if (/^\s*slips?:?\/.*@/is.test(text))
      throw new UsageError("the link is not right: write slips://KEY@HOST:PORT/CAMERA");
    if (/^\s*https?:/i.test(text))
      throw new UsageError("this is the address of a web page: open it in a browser, or write HOST:PORT of the server");
    return { address: parseAddress(text), scheme: null, key: null };
  }
  const [, scheme = "", rest = ""] = match;
  const slash = rest.indexOf("/");
  const authority = slash < 0 ? rest : rest.slice(0, slash);
  const at = authority.lastIndexOf("@");
  if (at < 0 && rest.includes("@")) {
    throw new UsageError(
      "the link has an @ after a /: write slips://KEY@HOST:PORT/CAMERA, with %2F for a / in the key and %40 for an @ in the camera",
    );
  }
  const where = authority.slice(at + 1).replace("%25", "%"); // in a zone of IPv6, % is written as %25 (RFC 6874)
  if (where === "") throw new UsageError("the link has no host: write slips://KEY@HOST:PORT/CAMERA");
  const { host, port } = parseAddress(where);
  const camera = slash < 0 ? "" : decoded(rest.slice(slash + 1));
  const key = at < 0 ? null : decoded(authority.slice(0, at));
  if (key?.trim() === "") throw new UsageError("the link has no key before the @: write slips://KEY@HOST:PORT/CAMERA");
  return { address: { host, port, camera: checkedCamera(camera) }, scheme: scheme.toLowerCase() as Scheme, key };
}

export function formatAddress({ host, port, camera }: Address): string {
  const where = formatHostPort(host, port);
  return camera === "" ? where : `${where}/${camera}`;
}

function checkedCamera(camera: string): string {
  if (new TextEncoder().encode(camera).length <= MAX_CAMERA_NAME_BYTES) return camera;
  // The error does not quote the name, because a part of it may be a key.
  throw new UsageError(
    `the text after HOST:PORT/ is too long for the name of a camera: the limit is ${MAX_CAMERA_NAME_BYTES} bytes`,
  );
}

/** Decodes percent encoding. Text with a percent sign that encodes nothing is returned unchanged. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
