// Finds the client of a request that a proxy has passed on. Headers of other machines are ignored, because anybody can send them.

import { BlockList, isIP, isIPv6 } from "node:net";

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
  const trusted = listOf(trustedProxies);
  const isTrusted = (address: string) => trusted.check(...withFamily(address));
  if (!isTrusted(peerIp)) return { ip: peerIp, isSecure, host: null };
  const ip = lastStranger(request.headers.get("x-forwarded-for"), isTrusted) ?? peerIp;
  const scheme = lastOf(request.headers.get("x-forwarded-proto"));
  return {
    ip,
    isSecure: scheme === null ? isSecure : scheme === "https",
    host: lastOf(request.headers.get("x-forwarded-host")),
  };
}

/** Each address counts alone: another machine of the same IPv6 network is not the proxy. */
function listOf(addresses: readonly string[]): BlockList {
  const list = new BlockList();
  for (const address of addresses) list.addAddress(...withFamily(address));
  return list;
}

function withFamily(address: string): [address: string, family: "ipv4" | "ipv6"] {
  const [plain = ""] = address.split("%"); // without the zone of a link-local address
  return [plain, isIPv6(plain) ? "ipv6" : "ipv4"];
}

/**
 * Returns the client in X-Forwarded-For. Each proxy adds the address from which it got the request, so the client is the last
 * address that is not a trusted proxy. Whatever is before it may be invented. Returns null if that entry is not an address.
 */
function lastStranger(header: string | null, isTrusted: (address: string) => boolean): string | null {
  const hops = (header ?? "").split(",").map(addressIn);
  const index = hops.findLastIndex((hop) => hop === null || !isTrusted(hop));
  return hops[index] ?? null;
}

/** Returns the address in an entry, which some proxies write with a port: `192.0.2.1:4711`, `[2001:db8::1]:4711`. */
function addressIn(entry: string): string | null {
  const text = entry.trim();
  const [, inBrackets, v4] = /^(?:\[([^\]]*)\](?::\d+)?|([\d.]+):\d+)$/.exec(text) ?? [];
  const address = inBrackets ?? v4 ?? text;
  return isIP(address) === 0 ? null : address;
}

function lastOf(list: string | null): string | null {
  return list?.split(",").at(-1)?.trim().toLowerCase() || null;
}
