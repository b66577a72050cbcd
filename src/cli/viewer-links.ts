// Makes the lines that a server with keys prints after its start. They tell people what to type to watch.

import { networkInterfaces } from "node:os";
import { isatty } from "node:tty";
import { formatHostPort, isLoopbackHost } from "../core/host-port.ts";
import type { Server } from "../server/server.ts";

/**
 * Returns the lines. `given` has the names of the keys that do not come from the key store. The lines contain the first key only
 * if standard error is a terminal, because files, pipes and the journal may be kept as logs.
 */
export function viewerLines(
  { host, port, needsKey, firstKey, hostNames }: Pick<Server, "host" | "port" | "needsKey" | "firstKey" | "hostNames">,
  scheme: string,
  { given = [], isTerminal = isatty(2) }: { given?: readonly string[]; isTerminal?: boolean } = {},
): string[] {
  if (!needsKey && isLoopbackHost(host)) return [];
  if (needsKey && firstKey === null) {
    const stored = "'bun run key list' shows the names of those in the key store";
    return [
      given.length === 0
        ? `viewers need a key: ${stored}`
        : `viewers need the key of ${given.join(" or ")}, or another one: ${stored}`,
    ];
  }
  if (needsKey && !isTerminal) return ["viewers need a key: 'bun run key list --show' prints it"];
  const hosts = hostNames.length > 0 ? hostNames : reachableHosts(host);
  const key = firstKey === null ? "" : `${firstKey}@`;
  return hosts.map((each) => `to watch: bun run view ${scheme}://${key}${formatHostPort(each, port)}`);
}

/** Returns the address of the web page for each host name or address by which people may reach it. */
export function webAddresses({ host, http, hostNames }: Pick<Server, "host" | "http" | "hostNames">): string[] {
  if (http === null) return [];
  const hosts = hostNames.length > 0 ? hostNames : reachableHosts(host);
  return hosts.map((each) => `${http.tls ? "https" : "http"}://${formatHostPort(each, http.port)}/`);
}

/** Returns the lines with the addresses of the web page. On a terminal, the first has a QR code, if other machines reach it. */
export async function webLines(
  server: Pick<Server, "host" | "http" | "hostNames">,
  isTerminal = isatty(2),
): Promise<string[]> {
  const addresses = webAddresses(server);
  const lines = addresses.map((address) => `in a browser: ${address}`);
  const [first] = addresses;
  if (first === undefined || !isTerminal || isLoopbackHost(server.host)) return lines;
  const { renderUnicodeCompact } = await import("uqr");
  return [...lines, ...renderUnicodeCompact(first).split("\n")];
}

/** Returns the addresses at which other machines reach a server that listens on `host`. */
function reachableHosts(host: string): string[] {
  if (host !== "0.0.0.0" && host !== "::") return [host];
  const own = Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .filter(({ family, internal }) => family === "IPv4" && !internal)
    .map(({ address }) => address);
  return own.length > 0 ? own : ["HOST"];
}
