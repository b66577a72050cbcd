// Where a server is: HOST, HOST:PORT, or an IPv6 address in brackets.

import { UsageError } from "../core/errors.ts";
import { DEFAULT_PORT } from "../protocol/wire.ts";

export interface Address {
  host: string;
  port: number;
}

/** Throws UsageError for anything that is no host with or without a port. */
export function parseAddress(text: string): Address {
  const match = /^(?:\[([0-9a-fA-F:.%\w]+)\]|([^:\s/[\]]+))(?::(\d{1,5}))?$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = match?.[3] === undefined ? DEFAULT_PORT : Number(match[3]);
  if (host === undefined || port < 1 || port > 65535) {
    throw new UsageError(`'${text}' is not an address: write HOST or HOST:PORT, as camera.local:10050 or [::1]:10050`);
  }
  return { host, port };
}

export function formatAddress({ host, port }: Address): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
