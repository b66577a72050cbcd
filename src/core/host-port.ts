// How a place on the network is written.

/** `127.0.0.1:10050`, and `[::1]:10050` (RFC 3986, 3.2.2: an IPv6 address stands in brackets before a port). */
export function formatHostPort(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
