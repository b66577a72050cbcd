// Finds servers when the user gives no address: the server on this machine, or servers that announce themselves on the local
// network.

import type { RemoteInfo } from "node:dgram";
import { networkInterfaces } from "node:os";
import type { ResponsePacket } from "multicast-dns";
import { sleep } from "../core/clock.ts";
import { ConnectionError, messageOf, UsageError } from "../core/errors.ts";
import { addressesOf } from "../core/host-port.ts";
import { printable } from "../core/printable.ts";
import { readServiceText, SERVICE, type ServiceText } from "../protocol/discovery.ts";
import { areOnLink, type OwnAddress } from "../protocol/on-link.ts";
import { DEFAULT_PORT } from "../protocol/wire.ts";
import { type Address, formatAddress } from "./address.ts";

export interface FoundServer extends ServiceText {
  address: Address;
}

/** A server that was chosen without an address from the user. `announced` is null for the one on this machine. */
export interface ChosenServer {
  address: Address;
  announced: ServiceText | null;
}

/** The address of a server on this machine that listens on the default port. */
export const OWN_ADDRESS: Address = { host: "localhost", port: DEFAULT_PORT, camera: "" };

/** The times at which the question is sent. It is sent three times, because a packet may be lost or a machine may sleep. */
const LOOK_FOR_MS = 2_000;
const ASK_AT_MS = [0, 400, 1_000];
const OWN_TIMEOUT_MS = 500;
/** The largest number of servers that are kept. A person chooses among them, and a machine could announce any number. */
const MAX_FOUND = 64;

const OWN_SERVER: ChosenServer = { address: OWN_ADDRESS, announced: null };

/** Asks the user a question. It is null if there is no terminal. */
export type Ask = ((question: string) => Promise<string>) | null;

export interface FindOptions {
  say: (text: string) => void;
  ask: Ask;
  /** True to search until a server is found. */
  wait: boolean;
}

/**
 * Chooses a server when the user gave no address: the server on this machine, the only server on the network, or the server that
 * the user chooses. Returns OWN_ADDRESS without an announcement if no server is found, and with `wait` searches on. With several
 * servers and no terminal, throws a UsageError that lists them.
 */
export async function findServer({ say, ask, wait }: FindOptions, signal: AbortSignal): Promise<ChosenServer> {
  let said = "";
  while (!signal.aborted && !(await answers(OWN_ADDRESS, signal)) && !signal.aborted) {
    let found: FoundServer[] = [];
    let trouble = "no server answers on this machine, and no server was found on the network";
    const searchedAt = performance.now();
    try {
      found = await findServers(LOOK_FOR_MS, signal);
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error;
      trouble = `no server answers on this machine, and ${error.message}`;
    }
    const [first] = found;
    if (signal.aborted) break; // the answer is no longer needed
    if (found.length > 1) return choose(found, ask, signal);
    if (first !== undefined) {
      say(`found ${describe(first)}`);
      return { address: first.address, announced: first };
    }
    const text = `${trouble}: ${wait ? "still searching" : "give the HOST of the server"}`;
    if (text !== said) say(text);
    said = text;
    if (!wait) break;
    // Without this wait, a search that fails at once would be repeated without a pause.
    await sleep(LOOK_FOR_MS - (performance.now() - searchedAt), signal);
  }
  return OWN_SERVER;
}

/**
 * Returns the servers that answer within the given time, ordered by address. Throws ConnectionError if the network does not allow
 * multicast.
 */
export async function findServers(forMs: number, signal: AbortSignal): Promise<FoundServer[]> {
  const found = new Map<string, FoundServer>();
  const { default: multicastDns } = await import("multicast-dns"); // viewers with an address do not need it
  const mdns = multicastDns();
  const broken = Promise.withResolvers<never>();
  broken.promise.catch(() => undefined); // Without this handler an error after the search would be uncaught.
  const fail = (cause: unknown) => {
    if (cause)
      broken.reject(new ConnectionError(`cannot search the network for servers: ${messageOf(cause)}`, { cause }));
  };
  mdns.on("error", fail);
  const own = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  mdns.on("response", (response: ResponsePacket, from: RemoteInfo) =>
    keepInstances(found, response, from.address, own),
  );
  const asking = ASK_AT_MS.map((afterMs) => setTimeout(() => mdns.query(SERVICE, "PTR", fail), afterMs));
  try {
    await Promise.race([sleep(forMs, signal), broken.promise]);
  } finally {
    for (const timer of asking) clearTimeout(timer);
    mdns.destroy();
  }
  return [...found.values()].toSorted((a, b) => formatAddress(a.address).localeCompare(formatAddress(b.address)));
}

/**
 * Adds the instances of a response from the address `from`. Removes withdrawn instances, whose time to live is 0 (RFC 6762,
 * 10.1). Any machine in the network can answer, so an instance is accepted only if its address is in the network of the machine
 * that answers.
 */
export function keepInstances(
  found: Map<string, FoundServer>,
  { answers: main = [], additionals = [] }: ResponsePacket,
  from: string,
  own: readonly OwnAddress[],
): void {
  const records = [...main, ...additionals];
  for (const pointer of records) {
    if (pointer.type !== "PTR" || pointer.name !== SERVICE) continue;
    const instance = pointer.data;
    const service = records.find((record) => record.type === "SRV" && record.name === instance);
    if (service?.type !== "SRV") continue;
    if (pointer.ttl === 0) {
      found.delete(instance);
      continue;
    }
    const text = records.find((record) => record.type === "TXT" && record.name === instance);
    const strings = text?.type === "TXT" ? [text.data].flat().map((each) => Buffer.from(each as string | Buffer)) : [];
    const hosts = records.flatMap((record) =>
      record.type === "A" && record.name === service.data.target ? [record.data] : [],
    );
    // A server may have several addresses.
    const host = [...hosts.filter((each) => each === from), ...hosts].find((each) => areOnLink([each, from], own));
    if (host === undefined || (found.size >= MAX_FOUND && !found.has(instance))) continue;
    found.set(instance, { address: { host, port: service.data.port, camera: "" }, ...readServiceText(strings) });
  }
}

function describe({ name, address, needsKey, usesTls }: FoundServer): string {
  const facts = [needsKey ? "needs a key" : "", usesTls ? "TLS" : ""].filter((fact) => fact !== "").join(", ");
  return `${name === "" ? "a server" : name} on ${printable(formatAddress(address))}${facts === "" ? "" : ` (${facts})`}`;
}

async function choose(found: readonly FoundServer[], ask: Ask, signal: AbortSignal): Promise<ChosenServer> {
  if (ask === null) {
    const all = found.map(describe).join(", ");
    throw new UsageError(
      `there are ${found.length} servers on the network: ${all}: choose one with 'bun run view HOST:PORT'`,
    );
  }
  const list = found.map((server, index) => `  ${index + 1}  ${describe(server)}`).join("\n");
  while (!signal.aborted) {
    const answer = (await ask(`There are ${found.length} servers on the network:\n${list}\nWhich one? `)).trim();
    const chosen = /^\d+$/.test(answer) ? found[Number(answer) - 1] : undefined;
    if (chosen !== undefined) return { address: chosen.address, announced: chosen };
  }
  return OWN_SERVER; // the search was aborted, so the answer is not used
}

/** Returns whether a program listens at the address. */
async function answers({ host, port }: Address, signal: AbortSignal): Promise<boolean> {
  const tries = addressesOf(host).map(async (hostname) => {
    const socket = await Bun.connect({
      hostname,
      port,
      socket: { data: () => undefined, connectError: () => undefined },
    });
    socket.terminate();
    return true;
  });
  const anyAnswer = Promise.any(tries).catch(() => false);
  return Promise.race([anyAnswer, sleep(OWN_TIMEOUT_MS, signal).then(() => false)]);
}
