// Finds the client of a request that a proxy has passed on. Headers of other machines are ignored, because anybody can send them.

import { isIP } from "node:net";
import { addressGroup } from "../../access/address-group.ts";

export interface ProxyOptions {
  /** The IP addresses of proxies whose headers X-Forwarded-For, -Proto and -Host are trusted. */
  trustedProxies: readonly string[];
}

export interface Client {
  ip: string;
  /** Whether the client uses TLS. */
  isSecure: boolean;
  /** The host name that the client used, if the proxy tells it. */
  host: string | null;
}

/** Returns the client of a request. `peerIp` is the other end of the connection. */
export function clientOf(
  request: Request,
  peerIp: string,
  { trustedProxies, isSecure }: ProxyOptions & { isSecure: boolean },
): Client {
  const isTrusted = (ip: string) => trustedProxies.some((proxy) => addressGroup(proxy) === addressGroup(ip));
  if (!isTrusted(peerIp)) return { ip: peerIp, isSecure, host: null };
  // Each proxy adds the address from which it got the request. So the client is the last address that is not a trusted proxy.
  const hops = (request.headers.get("x-forwarded-for") ?? "")
    .split(",")
    .map((hop) => hop.trim().replace(/^\[|\]$/g, ""));
  const ip = hops.findLast((hop) => isIP(hop) !== 0 && !isTrusted(hop)) ?? peerIp;
  const scheme = lastOf(request.headers.get("x-forwarded-proto"));
  return {
    ip,
    isSecure: scheme === null ? isSecure : scheme === "https",
    host: lastOf(request.headers.get("x-forwarded-host")),
  };
}

function lastOf(list: string | null): string | null {
  return list?.split(",").at(-1)?.trim().toLowerCase() || null;
}
