// Announces the server on the local network with DNS-SD over multicast DNS, so that viewers find it without an address.
//
// The server also works without the announcement, so a failure is only logged in one line.

import { randomBytes } from "node:crypto";
import type { RemoteInfo } from "node:dgram";
import { hostname, networkInterfaces } from "node:os";
import type { QueryPacket, ResponsePacket } from "multicast-dns";
import { nowMicros } from "../../core/clock.ts";
import { messageOf } from "../../core/errors.ts";
import { isLoopbackHost } from "../../core/host-port.ts";
import type { Log } from "../../core/log.ts";
import { SERVICE, writeServiceText } from "../../protocol/discovery.ts";
import { WIRE_VERSION } from "../../protocol/wire.ts";
import { openGatedSocket, QueryGate } from "./query-gate.ts";

export interface AnnouncedServer {
  /** The address on which the server listens. 0.0.0.0 and :: mean all addresses. */
  host: string;
  port: number;
  /** The names of the server's cameras, as text for people. */
  sourceName: string;
  /** Whether viewers need a key. */
  needsKey: boolean;
  /** Whether the server speaks TLS. */
  usesTls: boolean;
  /** The first 16 hexadecimal digits of the SHA-256 of the server's public key (SPKI), or an empty text. */
  fingerprint: string;
}

/** The time for which other machines may keep a record (RFC 6762, 10). */
const TIME_TO_LIVE_S = 120;
/** The times at which the announcement is repeated, in case the first was lost (RFC 6762, 8.3). */
const REPEAT_AFTER_MS = 1_000;
const MDNS_PORT = 5353;

/** Announces the server. The returned function withdraws the announcement. A server on a loopback address is not announced. */
export async function announce(server: AnnouncedServer, log: Log): Promise<() => Promise<void>> {
  if (isLoopbackHost(server.host)) return () => Promise.resolve();
  const { default: multicastDns } = await import("multicast-dns"); // servers on a loopback address do not need it
  let hasFailed = false;
  const fail = (error: unknown) => {
    if (!error || hasFailed) return;
    hasFailed = true;
    log.warning(`the server is not announced on the network: ${messageOf(error)} (--no-announce turns this off)`);
  };
  // The server announces a host name of its own, because another program may have announced that of the machine.
  const machine = hostname().split(".")[0] ?? "";
  const own = `${machine.slice(0, 40)}-${server.port}-${randomBytes(2).toString("hex")}`;
  const names = { instance: `${own}.${SERVICE}`, target: `${own}.local` };
  const records = (ttl = TIME_TO_LIVE_S) => describe(server, names, ttl);
  const gate = new QueryGate(nowMicros());
  const mdns = multicastDns({ socket: openGatedSocket(gate) });
  mdns.on("error", fail); // errors of the socket (broken packets from other machines are "warning" events, which are ignored)
  mdns.on("query", (query: QueryPacket, from: RemoteInfo) => {
    const isAsked = (query.questions ?? []).some(({ name }) => Object.values(names).includes(name) || name === SERVICE);
    if (!isAsked) return;
    // A program that asks from another port does not receive multicast (RFC 6762, 6.7).
    const how = from.port === MDNS_PORT ? "multicast" : "unicast";
    if (!gate.mayAnswer(how, nowMicros())) return;
    if (how === "multicast") mdns.respond(records(), fail);
    else mdns.respond(records(), from, fail);
  });
  const announceToAll = () => mdns.respond(records(), fail);
  announceToAll();
  const again = setTimeout(announceToAll, REPEAT_AFTER_MS);
  return async () => {
    clearTimeout(again);
    if (!hasFailed) await new Promise<void>((resolve) => mdns.respond(records(0), () => resolve()));
    await new Promise<void>((resolve) => mdns.destroy(() => resolve()));
  };
}

type Records = NonNullable<ResponsePacket["answers"]>;

function describe(
  { host, port, sourceName, needsKey, usesTls, fingerprint }: AnnouncedServer,
  { instance, target }: { instance: string; target: string },
  ttl: number,
): Records {
  const text = writeServiceText({ name: sourceName, wire: WIRE_VERSION, needsKey, usesTls, fingerprint });
  return [
    { name: SERVICE, type: "PTR", ttl, data: instance },
    { name: instance, type: "SRV", ttl, data: { port, target, priority: 0, weight: 0 } },
    { name: instance, type: "TXT", ttl, data: text },
    ...addresses(host).map((data) => ({ name: target, type: "A", ttl, data }) as const),
  ];
}

/** Returns the addresses to announce. They are read each time, because a machine's addresses may change. */
function addresses(host: string): string[] {
  if (host !== "0.0.0.0" && host !== "::") return /^[\d.]+$/.test(host) ? [host] : [];
  return Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .filter(({ family, internal }) => family === "IPv4" && !internal)
    .map(({ address }) => address);
}
