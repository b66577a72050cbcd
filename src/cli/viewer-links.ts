// Makes the lines that a server with keys prints after its start. They tell people what to type to watch.

import { fstatSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { formatHostPort } from "../core/host-port.ts";
import type { Server } from "../server/serve.ts";

/**
 * Returns the lines. They contain the first key, so they are printed on a terminal or a pipe, and not into a log that is kept.
 */
export function viewerLines(
  { host, port, needsKey, firstKey, hostNames }: Pick<Server, "host" | "port" | "needsKey" | "firstKey" | "hostNames">,
  scheme: string,
): string[] {
  if (!needsKey) return [];
  if (firstKey === null) return ["viewers need a key: 'bun run key list' shows the names of those in the key store"];
  if (isJournal()) return ["viewers need a key: 'bun run key list --show' prints it"];
  const hosts = hostNames.length > 0 ? hostNames : reachableHosts(host);
  return hosts.map((each) => `to watch: bun run view ${scheme}://${firstKey}@${formatHostPort(each, port)}`);
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

/** Returns whether standard error goes to the journal of systemd, which keeps all lines (systemd.exec(5), JOURNAL_STREAM). */
function isJournal(): boolean {
  const { dev, ino } = fstatSync(2);
  return process.env["JOURNAL_STREAM"] === `${dev}:${ino}`;
}
