// CameraView: it connects to the next server at once when discovery reports that a server is back.

import { expect, test } from "bun:test";
import { CameraView } from "../../src/client/camera-view.ts";
import { connectTcp } from "../../src/connect/tcp.ts";
import { saveSnapshot } from "../../src/client/save/snapshot.ts";
import { createNoScreen } from "../../src/client/screens/none.ts";
import { lineLog } from "../../src/core/log.ts";
import { Arena } from "../../src/codec/memory/arena.ts";
import { BUN_RUNTIME } from "../../src/codec/bun/runtime.ts";
import { CodecPool } from "../../src/codec/threads/pool.ts";
import { writeWelcome } from "../../src/protocol/greeting.ts";
import { WIRE_VERSION } from "../../src/protocol/wire.ts";

const HOST = "127.0.0.1";
const WELCOME = writeWelcome({ version: WIRE_VERSION, software: "test", sourceName: "test" });

/** A server that sends only a Welcome. */
const listen = (port: number, onOpen: () => void) =>
  Bun.listen({
    hostname: HOST,
    port,
    socket: {
      open(socket) {
        socket.write(WELCOME);
        onOpen();
      },
      data: () => undefined,
    },
  });

test("CameraView: connects at once when it is told that a server is back", async () => {
  const unused = listen(0, () => undefined);
  const { port } = unused;
  unused.stop(true);
  const nothing = () => undefined;
  const arena = Arena.create();
  const pool = new CodecPool({
    runtime: BUN_RUNTIME,
    arena,
    codec: "simd",
    threads: 1,
    onIdle: nothing,
    onBroken: nothing,
    onRestarted: nothing,
  });
  await pool.started;
  const stopping = new AbortController();
  const refused = Promise.withResolvers<void>();
  const connected = Promise.withResolvers<void>();
  const view = await CameraView.create(
    {
      address: { host: HOST, port, camera: "" },
      connect: connectTcp,
      size: null,
      once: false,
      arena,
      pool,
      screen: createNoScreen(),
      save: saveSnapshot,
      output: null,
      stopped: stopping.signal,
      trace: null,
      log: lineLog((text) => text.startsWith("no program listens") && refused.resolve()),
    },
    { viewConnected: connected.resolve, viewShown: nothing, viewFailed: nothing },
  );
  const running = view.run();
  await refused.promise;
  await Bun.sleep(0); // now the view pauses for at least 125 ms (Backoff)
  const opened: string[] = [];
  const server = listen(port, () => opened.push("told"));
  setTimeout(() => opened.push("the pause was over"), 120);
  view.retryNow();
  await connected.promise;
  expect(opened).toEqual(["told"]);
  stopping.abort();
  await running;
  server.stop(true);
  await pool.close();
});
