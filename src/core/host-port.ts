// The text form of a network address (host and port), and the addresses for which the name localhost stands.

/** Returns `127.0.0.1:10050` or `[::1]:10050`: an IPv6 address before a port is in brackets (RFC 3986, 3.2.2). */
export function formatHostPort(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/**
 * Returns the addresses for which a host name stands: for `localhost` the loopback addresses of both families (RFC 6761, 6.3),
 * even if the system's list of hosts has only one of them. The function returns any other name or address unchanged.
 */
export function addressesOf(host: string): readonly string[] {
  return host.toLowerCase() === "localhost" ? ["127.0.0.1", "::1"] : [host];
}

/** Returns whether only programs on this machine can reach a server that listens on `host`, and no machine is in between. */
export function isLoopbackHost(host: string): boolean {
  return host.toLowerCase() === "localhost" || host === "::1" || /^127(?:\.\d+){3}$/.test(host);
}
