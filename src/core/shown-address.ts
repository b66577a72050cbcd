// Makes the address of a camera safe to show, by leaving out its user name, password, query and fragment.
//
// Users write passwords with `/`, `@`, `#` and `?` without encoding them. Vendors put passwords into queries
// (`?user=admin&pwd=…`) and paths (`/user=admin_password=…_channel=1.sdp`, `/0/admin:…/main`). Where an address can be read in
// several ways, a part is shown only if it is not a secret in any of them.

/** Stands for a part that is not shown. */
const HIDDEN = "…";

/** Returns whether `text` is a URL and not a path. */
export function isAddress(text: string): boolean {
  return /^[a-z][a-z0-9+.-]+:\/\//i.test(text);
}

/** A host with or without a port. */
const HOST = /^(?:\[[\da-f:.%]+\]|[^\s:/?#@[\]&=;]+)(?::\d{1,5})?$/i;

/** Returns the part of an address that is safe to show: its scheme, host, port and path. */
export function shownAddress(address: string): string {
  const [, scheme, rest] = /^([a-z][a-z0-9+.-]*:\/*)(.*)$/is.exec(address) ?? [];
  if (scheme === undefined || rest === undefined) return address;
  return scheme + shownRest(rest);
}

function shownRest(rest: string): string {
  const [authority = ""] = rest.split(/[/?#]/, 1);
  const host = authority.slice(authority.lastIndexOf("@") + 1);
  const lastAt = rest.lastIndexOf("@");
  if (lastAt < authority.length) return host + shownPath(rest.slice(authority.length));
  // There is an @ after the authority of RFC 3986 3.2. So the password may contain a `/`, `?` or `#` and reach up to this @.
  const tail = rest.slice(lastAt + 1);
  if (!HOST.test(host)) return shownTail(tail);
  const isInPath = lastAt < endOfPath(rest);
  if (authority.includes("@")) return isInPath ? shownTail(tail) : HIDDEN;
  // `host:8080/…@…` may be a user with the password `8080/…`.
  if (host.includes(":")) return `${host.replace(/:\d+$/, "")}/${HIDDEN}`;
  return host + shownPath(rest.slice(authority.length));
}

/** Returns the part after the last @ if it begins with a host, or else "…". */
function shownTail(tail: string): string {
  const [authority = ""] = tail.split(/[/?#]/, 1);
  return HOST.test(authority) ? authority + shownPath(tail.slice(authority.length)) : HIDDEN;
}

/** Returns a path up to the first segment that may contain names and values. */
function shownPath(path: string): string {
  const plain = path.slice(0, endOfPath(path));
  const segments = plain.split("/");
  const first = segments.findIndex((segment) => /[:=&;]|%(?:3a|3d|26|3b)/i.test(segment));
  return first < 0 ? plain : [...segments.slice(0, first), HIDDEN].join("/");
}

function endOfPath(text: string): number {
  const end = text.search(/[?#]/);
  return end < 0 ? text.length : end;
}

/**
 * Removes the secrets of `address` from a text of another program, which may repeat the address or parts of it. Secrets of one or
 * two characters stay, because they occur in ordinary words.
 */
export function withoutSecrets(text: string, address: string): string {
  let shown = text.replaceAll(address, shownSource(address));
  for (const secret of secretsOf(address)) shown = shown.replaceAll(secret, HIDDEN);
  return shown.replace(/[a-z][a-z0-9+.-]+:\/\/\S*[^\s:;,.'")]/gi, shownAddress);
}

/** Returns the parts of an address that may be secret, both as they are written and decoded, the longest first. */
function secretsOf(address: string): string[] {
  const shown = shownSource(address);
  const rest = address.replace(/^[a-z][a-z0-9+.-]*:\/*/i, "");
  const user = rest.slice(0, Math.max(0, rest.lastIndexOf("@")));
  const password = user.slice(user.indexOf(":") + 1);
  const values = rest.split(/[?#&;=:/@]/);
  const all = [user, password, rest.slice(endOfPath(rest)), ...values];
  return [...new Set(all.flatMap((secret) => [secret, decoded(secret), encodeURIComponent(secret)]))]
    .filter((secret) => secret.length >= 3 && !shown.includes(secret))
    .toSorted((one, other) => other.length - one.length);
}

/** Decodes percent encoding. Text with a percent sign that encodes nothing is returned unchanged. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * Returns the part of a source's name that is safe to show. The user may have written a path, or an address without its scheme.
 */
export function shownSource(source: string): string {
  if (/^(?:\/(?!\/|[^/]*:.*@)|[.~])/.test(source)) return source; // a path
  if (/^[a-z][a-z0-9+.-]*:\/+/i.test(source)) return shownAddress(source);
  const isLikeAddress = source.includes("@") || /[?&;][\w-]+=/.test(source);
  return isLikeAddress ? shownRest(source.replace(/^\/\//, "")) : source;
}
