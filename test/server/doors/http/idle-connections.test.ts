// Connections without a viewer at a real HTTP server, in a process that opens many files for other purposes.

import { closeSync, openSync } from "node:fs";
import { expect, test } from "bun:test";
import { IdleConnections } from "../../../../src/server/doors/http/idle-connections.ts";
import { socketsAt } from "../../../../src/server/doors/http/kernel-socket.ts";
import { until } from "../../../support/wait-until.ts";

const isKnown = process.platform === "linux" && (process.arch === "x64" || process.arch === "arm64");

test.skipIf(!isKnown)(
  "IdleConnections: files of cameras end no connections, and hundreds of connections do",
  async () => {
    using server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response("here") });
    const port = server.port ?? 0;
    let ended = 0;
    const onEnded = (count: number) => {
      ended += count;
    };
    using idle = new IdleConnections({ port, countViewers: () => 0, onEnded });
    const files = Array.from({ length: 300 }, () => openSync("/dev/null", "r"));
    const connect = async () => {
      const socket = await Bun.connect({ hostname: "127.0.0.1", port, socket: { data: () => undefined } });
      socket.write("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
      return socket;
    };
    const sockets = await Promise.all(Array.from({ length: 20 }, connect));
    await until(() => [...socketsAt(port)].length === 20, "20 connections");
    await Bun.sleep(200); // some checks
    expect(ended).toBe(0);
    expect([...socketsAt(port)]).toHaveLength(20);
    sockets.push(...(await Promise.all(Array.from({ length: 300 }, connect))));
    await until(() => ended > 100, "the end of connections");
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200);
    for (const socket of sockets) socket.terminate();
    for (const file of files) closeSync(file);
    expect(idle).toBeDefined();
  },
);
