// How a network address (host and port) is written.

/** Returns `127.0.0.1:10050` or `[::1]:10050`: an IPv6 address before a port is in brackets (RFC 3986, 3.2.2). */
export function formatHostPort(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
