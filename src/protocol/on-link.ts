// Finds out whether IPv4 addresses are on a network to which this machine is connected. Multicast DNS is only for such addresses
// (RFC 6762, 11).

/** An address of this machine, in the form of `networkInterfaces()` of `node:os`. In a web page there are none. */
export interface OwnAddress {
  family: string;
  address: string;
  netmask: string;
}

/** Returns whether all `addresses` are on the same network, and this machine is connected to it. */
export function areOnLink(addresses: readonly string[], own: readonly OwnAddress[]): boolean {
  const numbers = addresses.map(toNumber);
  return own.some(({ family, address, netmask }) => {
    const mask = toNumber(netmask);
    if (family !== "IPv4" || mask === 0) return false; // a mask of 0 would match any address
    const network = (toNumber(address) & mask) >>> 0;
    return numbers.every((number) => !Number.isNaN(number) && (number & mask) >>> 0 === network);
  });
}

/** Returns the address as a number, or NaN if it is not an IPv4 address. */
function toNumber(address: string): number {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(address)?.slice(1).map(Number);
  if (parts === undefined || parts.some((part) => part > 255)) return Number.NaN;
  return parts.reduce((number, part) => number * 256 + part, 0);
}
