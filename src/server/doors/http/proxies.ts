// Finds the client of a request that a proxy has passed on. Headers of other machines are ignored, because anybody can send them.

import { BlockList, isIP, isIPv6 } from "node:net";
import { itemsOf } from "./header-lists.ts";

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

/** The proxies whose headers are trusted. */
export class TrustedProxies {
  readonly #trusted = new BlockList();

  /** Each address counts alone: another machine of the same IPv6 network is not the proxy. */
  constructor({ trustedProxies }: ProxyOptions) {
    for (const address of trustedProxies) this.#trusted.addAddress(...withFamily(address));
  }

  /** Returns the client of a request. `peerIp` is the other end of the connection, which uses TLS if `isSecure`. */
  clientOf({ headers }: Request, peerIp: string, isSecure: boolean): Client {
    const isTrusted = (address: string) => this.#trusted.check(...withFamily(address));
    if (!isTrusted(peerIp)) return { ip: peerIp, isSecure, host: null };
    const ip = lastStranger(headers.get("x-forwarded-for"), isTrusted) ?? peerIp;
    const scheme = lastOf(headers.get("x-forwarded-proto"));
    return {
      ip,
      isSecure: scheme === null ? isSecure : scheme === "https",
      host: lastOf(headers.get("x-forwarded-host")),
    };
  }
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
  const hops = itemsOf(header).map(addressIn);
  const index = hops.findLastIndex((hop) => hop === null || !isTrusted(hop));
  return hops[index] ?? null;
}

/** Returns the address in an entry, which some proxies write with a port: `192.0.2.1:4711`, `[2001:db8::1]:4711`. */
function addressIn(text: string): string | null {
  const [, inBrackets, v4] = /^(?:\[([^\]]*)\](?::\d+)?|([\d.]+):\d+)$/.exec(text) ?? [];
  const address = inBrackets ?? v4 ?? text;
  return isIP(address) === 0 ? null : address;
}

function lastOf(list: string | null): string | null {
  return itemsOf(list).at(-1)?.toLowerCase() || null;
}
