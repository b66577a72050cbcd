// Checks the texts of the HTTP door's settings: host names, origins, and addresses of proxies.

import { isIP } from "node:net";
import { UsageError } from "../../core/errors.ts";

/** Returns a host name in lower case. Throws UsageError if it is not one. */
export function checkHttpName(name: string): string {
  if (/^(?:\*\.)?[a-z\d_-]+(?:\.[a-z\d_-]+)*$/i.test(name)) return name.toLowerCase();
  throw new UsageError(
    `'${name}' is not a host name: write it without https:// and without a port, for example cams.example.org`,
  );
}

/** Returns an origin as browsers write it. Throws UsageError if it is not one. */
export function checkOrigin(origin: string): string {
  const url = URL.parse(origin);
  if (url !== null && url.origin !== "null" && url.href === `${url.origin}/`) return url.origin;
  throw new UsageError(
    `'${origin}' is not an origin: write the address of a page without its path, for example https://example.org`,
  );
}

/** Returns the IP address of a proxy. Throws UsageError if it is not one. */
export function checkProxy(address: string): string {
  if (isIP(address) !== 0) return address;
  throw new UsageError(`'${address}' is not an IP address: write that of the proxy, for example 127.0.0.1`);
}
