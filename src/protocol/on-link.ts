// Finds out whether IPv4 addresses are on a network that this machine is connected to. Multicast DNS is for such addresses only
// (RFC 6762, 11).

/** An address of this machine, as `networkInterfaces()` of `node:os` has it. A page has none. */
export interface OwnAddress {
  family: string;
  address: string;
  netmask: string;
}

/** Whether all `addresses` are on one network that this machine is connected to. */
export function areOnLink(addresses: readonly string[], own: readonly OwnAddress[]): boolean {
  const numbers = addresses.map(toNumber);
  return own.some(({ family, address, netmask }) => {
    const mask = toNumber(netmask);
    if (family !== "IPv4" || mask === 0) return false; // NaN never equals anything below
    const network = (toNumber(address) & mask) >>> 0;
    return numbers.every((number) => !Number.isNaN(number) && (number & mask) >>> 0 === network);
  });
}

/** NaN if it is not an IPv4 address. */
function toNumber(address: string): number {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(address)?.slice(1).map(Number);
  if (parts === undefined || parts.some((part) => part > 255)) return Number.NaN;
  return parts.reduce((number, part) => number * 256 + part, 0);
}
