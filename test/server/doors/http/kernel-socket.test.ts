// The kernel's answers about a socket of this process: its descriptor is found, and its queue is that of a client that reads nothing.

import { expect, test } from "bun:test";
import type { Socket } from "bun";
import { findSocket } from "../../../../src/server/doors/http/kernel-socket.ts";
import { until } from "../../../support/wait-until.ts";

const isKnown = process.platform === "linux" && (process.arch === "x64" || process.arch === "arm64");

test.skipIf(!isKnown).each(["127.0.0.1", "::1", "::"])(
  "KernelSocket: finds the connection of a client to %s, its queue and its window, and resets it",
  async (hostname) => {
    const accepted: Socket[] = [];
    const closed: string[] = [];
    const handlers = (name: string) => ({ data: () => undefined, close: () => void closed.push(name) });
    using listener = Bun.listen({
      hostname,
      port: 0,
      socket: { ...handlers("server"), open: (socket) => void accepted.push(socket) },
    });
    const target = hostname === "::" ? "127.0.0.1" : hostname;
    const connect = () => Bun.connect({ hostname: target, port: listener.port, socket: handlers("client") });
    const clients = [await connect(), await connect()];
    await until(() => accepted.length === 2, "two connections");
    const [server] = accepted.filter(({ remotePort }) => remotePort === clients[0]?.localPort);
    if (server === undefined) throw new Error("the connection is missing");
    const ends = { peerIp: server.remoteAddress, peerPort: server.remotePort, localPort: listener.port };
    const found = findSocket(ends);
    expect(found?.waitingBytes).toBe(0);
    expect(found?.tcpState()?.windowBytes).toBeGreaterThan(10_000);
    clients[0]?.pause();
    server.write(new Uint8Array(1_000_000));
    expect(found?.waitingBytes).toBeGreaterThan(500_000);
    expect(findSocket({ ...ends, peerPort: clients[1]?.localPort ?? 0 })?.waitingBytes).toBe(0);
    expect(findSocket({ ...ends, peerIp: "192.0.2.1" })).toBeNull();
    expect(findSocket({ ...ends, localPort: 1 })).toBeNull();
    found?.reset();
    await until(() => closed.includes("server"), "the end of the connection");
    for (const client of clients) client.terminate();
  },
);
