// The route `ws` of a real server when an address opens too many WebSockets.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { WEB_SOCKET_PROTOCOL } from "../../../../src/protocol/wire.ts";
import { serve } from "../../../../src/server/serve.ts";
import type { Server } from "../../../../src/server/server.ts";
import { upgradeRequest } from "../../../support/raw-web-socket.ts";

setDefaultTimeout(60_000);

let server: Server;
beforeAll(async () => {
  const pattern = { source: "pattern", size: { width: 160, height: 48 }, framesPerSecond: 5 } as const;
  const access = { connectsPerSecond: 1, requestsPerSecond: 1000 }; // ten times as many from this machine
  server = await serve({ cameras: [pattern], port: 0, workers: 1, http: { port: 0 }, access });
});
afterAll(() => server.close());

/** Asks for a WebSocket, and keeps the connection. Resolves with the status of the answer. */
async function ask(): Promise<number> {
  const answered = Promise.withResolvers<number>();
  await Bun.connect({
    hostname: "127.0.0.1",
    port: server.http?.port ?? 0,
    socket: {
      open: (socket) => void socket.write(upgradeRequest("/ws", { protocol: WEB_SOCKET_PROTOCOL })),
      data: (_, chunk) =>
        answered.resolve(Number(/^HTTP\/1\.1 (\d{3}) /.exec(Buffer.from(chunk).toString("latin1"))?.[1])),
      close: () => answered.resolve(0),
    },
  });
  return answered.promise;
}

test("HTTP door: beyond the limit of new connections some WebSockets are told so, and the others are not opened", async () => {
  const statuses = await Promise.all(Array.from({ length: 400 }, ask));
  const opened = statuses.filter((status) => status === 101).length;
  const refused = statuses.filter((status) => status === 429).length;
  expect(opened).toBeGreaterThanOrEqual(25); // the burst
  expect(refused).toBeGreaterThan(0);
  expect(opened + refused).toBe(400);
  expect(server.report().refusedBy.connects).toBeGreaterThanOrEqual(refused);
});
