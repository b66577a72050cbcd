// Frames of WebSockets that bring no message: they are counted from the bytes of the connection, and a flood of them ends it.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { writeHello } from "../../../../src/protocol/greeting.ts";
import { WEB_SOCKET_PROTOCOL, WIRE_VERSION } from "../../../../src/protocol/wire.ts";
import { FrameMeter } from "../../../../src/server/doors/http/frame-watch.ts";
import type { Server } from "../../../../src/server/server.ts";
import { serve } from "../../../../src/server/serve.ts";
import { upgradeRequest, webSocketFrame } from "../../../support/raw-web-socket.ts";
import { until } from "../../../support/wait-until.ts";

setDefaultTimeout(60_000);

const MOST_PENDING = 1000;

/** A meter of a connection. `receive` adds bytes that have arrived. */
function meterOf() {
  let received = 500; // those of the request
  const meter = new FrameMeter(() => received, MOST_PENDING);
  const receive = (bytes: number) => {
    received += bytes;
  };
  return { meter, receive };
}

test("FrameMeter: messages and pings bring their bytes, whatever a frame and a record of TLS add to them", () => {
  const { meter, receive } = meterOf();
  for (let turn = 0; turn < 1000; turn++) {
    receive(36 + 8 + 22);
    meter.handed(36);
    expect(meter.takeEmptyFrames()).toBe(0);
  }
});

test("FrameMeter: the bytes of an incomplete message do not count as empty frames, neither before nor after the rest has come", () => {
  const { meter, receive } = meterOf();
  for (let turn = 0; turn < 100; turn++) {
    receive(MOST_PENDING);
    expect(meter.takeEmptyFrames()).toBe(0);
    meter.handed(MOST_PENDING);
    expect(meter.takeEmptyFrames()).toBe(0);
  }
});

test("FrameMeter: beyond the bytes that may be pending, six bytes are an empty frame, once", () => {
  const { meter, receive } = meterOf();
  receive(MOST_PENDING + 60);
  expect([meter.takeEmptyFrames(), meter.takeEmptyFrames()]).toEqual([10, 0]);
  receive(6);
  expect([meter.takeEmptyFrames(), meter.takeEmptyFrames()]).toEqual([1, 0]);
});

test("FrameMeter: many messages allow no later flood", () => {
  const { meter, receive } = meterOf();
  for (let turn = 0; turn < 1000; turn++) {
    receive(20);
    meter.handed(10);
    expect(meter.takeEmptyFrames()).toBe(0);
  }
  receive(MOST_PENDING + 6000);
  expect(meter.takeEmptyFrames()).toBeGreaterThan(900);
});

let server: Server;
beforeAll(async () => {
  const pattern = { source: "pattern", size: { width: 160, height: 48 }, framesPerSecond: 50 } as const;
  server = await serve({ cameras: [pattern], port: 0, workers: 1, http: { port: 0 } });
});
afterAll(() => server.close());

const isKnown = process.platform === "linux" && (process.arch === "x64" || process.arch === "arm64");

test.skipIf(!isKnown).each([
  ["before Hello", []],
  [
    "after Hello",
    [webSocketFrame("binary", writeHello({ version: WIRE_VERSION, software: "a test", camera: "", paused: false }))],
  ],
])(
  "HTTP door: a message of fragments without bytes, %s, ends the WebSocket and is counted as a flood",
  async (_, first) => {
    const before = server.report().refusedBy.messages;
    const upgrade = upgradeRequest("/ws", { protocol: WEB_SOCKET_PROTOCOL });
    const begin = webSocketFrame("binary", new Uint8Array(1), { isLast: false });
    const flood = Buffer.concat(Array.from({ length: 10_000 }, () => webSocketFrame("more", new Uint8Array())));
    let waiting = Buffer.concat([upgrade, ...first, begin, flood]);
    let isClosed = false;
    const send = (socket: Bun.Socket) => {
      while (waiting.length > 0) {
        const taken = socket.write(waiting);
        if (taken < waiting.length) {
          waiting = waiting.subarray(Math.max(0, taken));
          return;
        }
        waiting = flood;
      }
    };
    await Bun.connect({
      hostname: "127.0.0.1",
      port: server.http?.port ?? 0,
      socket: {
        open: send,
        drain: send,
        data: () => undefined,
        close: () => {
          isClosed = true;
        },
      },
    });
    await until(() => isClosed, "the end of the WebSocket");
    expect(server.report().refusedBy.messages).toBe(before + 1);
    await until(() => server.report().viewers === 0, "no viewer");
  },
);
