// Announces the server on the local network, so that viewers find it without an address: an instance of DNS-SD by multicast DNS.
//
// Everything here is by the way: whatever fails is one line to the operator, and the server goes on.

import { randomBytes } from "node:crypto";
import type { RemoteInfo } from "node:dgram";
import { hostname, networkInterfaces } from "node:os";
import multicastDns, { type QueryPacket, type ResponsePacket } from "multicast-dns";
import { messageOf } from "../../core/errors.ts";
import { SERVICE, writeServiceText } from "../../protocol/discovery.ts";
import { WIRE_VERSION } from "../../protocol/wire.ts";

export interface AnnouncedServer {
  /** What it listens on; 0.0.0.0 or :: for all addresses. */
  host: string;
  port: number;
  /** For people. */
  sourceName: string;
}

/** Seconds that others may remember what was said (RFC 6762, 10). */
const TIME_TO_LIVE_S = 120;
/** A second announcement, should the first be lost (RFC 6762, 8.3). */
const SECOND_AFTER_MS = 1_000;
const MDNS_PORT = 5353;

/** Whether only this machine reaches a server that listens there, so that nobody else need know of it. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(?:\.\d+){3}$/.test(host);
}

/** Announces the server until the returned function is called, which takes it back. Loopback servers are not announced. */
export function announce(server: AnnouncedServer, say: (text: string) => void): () => Promise<void> {
  if (isLoopback(server.host)) return () => Promise.resolve();
  let hasFailed = false;
  const fail = (error: unknown) => {
    if (error && !hasFailed)
      say(`the server is not announced on the network: ${messageOf(error)} (--no-announce: do not try)`);
    hasFailed ||= Boolean(error);
  };
  // Its own names: those of the machine may be claimed by another program's announcements.
  const machine = hostname().split(".")[0] ?? "";
  const own = `${machine.slice(0, 40)}-${server.port}-${randomBytes(2).toString("hex")}`;
  const names = { instance: `${own}.${SERVICE}`, target: `${own}.local` };
  const records = (ttl = TIME_TO_LIVE_S) => describe(server, names, ttl);
  const mdns = multicastDns();
  mdns.on("error", fail); // of the socket; other people's broken packets come as warnings, which are theirs
  mdns.on("query", (query: QueryPacket, from: RemoteInfo) => {
    const isAsked = (query.questions ?? []).some(({ name }) => Object.values(names).includes(name) || name === SERVICE);
    if (!isAsked) return;
    // Who asks from another port hears no multicast (RFC 6762, 6.7).
    if (from.port === MDNS_PORT) mdns.respond(records(), fail);
    else mdns.respond(records(), from, fail);
  });
  const tellAll = () => mdns.respond(records(), fail);
  tellAll();
  const again = setTimeout(tellAll, SECOND_AFTER_MS);
  return async () => {
    clearTimeout(again);
    if (!hasFailed) await new Promise<void>((resolve) => mdns.respond(records(0), () => resolve()));
    await new Promise<void>((resolve) => mdns.destroy(() => resolve()));
  };
}

type Records = NonNullable<ResponsePacket["answers"]>;

function describe(
  { host, port, sourceName }: AnnouncedServer,
  { instance, target }: { instance: string; target: string },
  ttl: number,
): Records {
  const text = writeServiceText({ name: sourceName, wire: WIRE_VERSION });
  return [
    { name: SERVICE, type: "PTR", ttl, data: instance },
    { name: instance, type: "SRV", ttl, data: { port, target, priority: 0, weight: 0 } },
    { name: instance, type: "TXT", ttl, data: text },
    ...addresses(host).map((data) => ({ name: target, type: "A", ttl, data }) as const),
  ];
}

/** Asked for each time: a machine's addresses come and go. */
function addresses(host: string): string[] {
  if (host !== "0.0.0.0" && host !== "::") return /^[\d.]+$/.test(host) ? [host] : [];
  return Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .filter(({ family, internal }) => family === "IPv4" && !internal)
    .map(({ address }) => address);
}
