// The line after the start of a server that needs a key: what people type to watch.

import { fstatSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { formatHostPort } from "../core/host-port.ts";
import type { Server } from "../server/serve.ts";

/** Returns the lines for people. The first key is in them, so they are for a terminal or a pipe, and not for a log that is kept. */
export function viewerLines(
  { host, port, needsKey, firstKey }: Pick<Server, "host" | "port" | "needsKey" | "firstKey">,
  scheme: string,
): string[] {
  if (!needsKey) return [];
  if (firstKey === null) return ["viewers need a key: 'bun run key list' shows the names of those in the key store"];
  if (isJournal()) return ["viewers need a key: 'bun run key list --show' prints it"];
  return reachableHosts(host).map(
    (each) => `viewers say: bun run view ${scheme}://${firstKey}@${formatHostPort(each, port)}`,
  );
}

/** The addresses at which other machines reach a server that listens on `host`. */
function reachableHosts(host: string): string[] {
  if (host !== "0.0.0.0" && host !== "::") return [host];
  const own = Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .filter(({ family, internal }) => family === "IPv4" && !internal)
    .map(({ address }) => address);
  return own.length > 0 ? own : ["HOST"];
}

/** Whether standard error goes to the journal of systemd, which keeps what it gets (systemd.exec(5), JOURNAL_STREAM). */
function isJournal(): boolean {
  const { dev, ino } = fstatSync(2);
  return process.env["JOURNAL_STREAM"] === `${dev}:${ino}`;
}
