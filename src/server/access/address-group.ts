// Finds the group of an address for limits: all addresses of a group count as one. An IPv6 network of 64 bits is a group, because
// each of its hosts can have any number of addresses.

import { BlockList, isIPv6 } from "node:net";

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet("127.0.0.0", 8, "ipv4");
LOOPBACK.addAddress("::1", "ipv6");

/** Matches an IPv4 address in IPv6 form (RFC 4291, 2.5.5.2). Sockets that listen on `::` report it. */
const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/** Returns the group of an address: the address itself for IPv4, and the first 64 bits for IPv6. */
export function addressGroup(ip: string): string {
  const v4 = MAPPED.exec(ip)?.[1];
  if (v4 !== undefined) return v4;
  return isIPv6(ip) ? `${first64Bits(ip)}::/64` : ip;
}

export function isLoopback(ip: string): boolean {
  const v4 = MAPPED.exec(ip)?.[1] ?? ip;
  return LOOPBACK.check(v4, isIPv6(v4) ? "ipv6" : "ipv4");
}

/** Returns the first 64 bits of an IPv6 address, without leading zeros, for example `2001:db8:0:1`. */
function first64Bits(ip: string): string {
  const [head = "", tail] = (ip.split("%")[0] ?? "").split("::");
  const first = head === "" ? [] : head.split(":");
  const last = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - first.length - last.length);
  const groups = [...first, ...Array.from({ length: zeros }, () => "0"), ...last];
  return groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(":");
}
