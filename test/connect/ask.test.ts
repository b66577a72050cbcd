// Questions (--list, --controls) to servers that do not know the questions yet, and to hostile servers.

import { expect, setDefaultTimeout, test } from "bun:test";
import { type AskedServer, askForCameras, askForControls, receiveClip } from "../../src/connect/ask.ts";
import { withoutKey } from "../../src/connect/server-access.ts";
import { writeClipPart } from "../../src/protocol/clip.ts";
import { writeWelcome } from "../../src/protocol/greeting.ts";
import { readPing, writePing, writePong } from "../../src/protocol/messages.ts";
import { MessageSplitter } from "../../src/protocol/splitter.ts";
import { MessageType, WIRE_VERSION } from "../../src/protocol/wire.ts";
import { Program, runToEnd, TEST_TIMEOUT_MS } from "../support/programs.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

/**
 * An older server. It has one camera, greets and pings, and skips messages that it does not know. `answers` are its answers to other
 * messages.
 */
function listenAsOlderServer(
  sourceName = "only one",
  answers = new Map<number, Uint8Array[]>(),
): { port: number; close: () => void } {
  const listener = Bun.listen<{ splitter: MessageSplitter }>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open(socket) {
        const splitter = new MessageSplitter(4096, (type, body) => {
          if (type === MessageType.hello) {
            socket.write(writeWelcome({ version: WIRE_VERSION, software: "slipstream 0", sourceName }));
            socket.write(writePing({ sentAt: 1 }));
          } else if (type === MessageType.ping) {
            socket.write(writePong({ ...readPing(body), receivedAt: 1, repliedAt: 1 }));
          }
          for (const answer of answers.get(type) ?? []) socket.write(answer);
        });
        socket.data = { splitter };
      },
      data: (socket, chunk) => socket.data.splitter.feed(chunk),
    },
  });
  return { port: listener.port, close: () => listener.stop(true) };
}

function askedServer(port: number): AskedServer {
  const address = { host: "127.0.0.1", port, camera: "" };
  return { address, access: withoutKey(address) };
}

test("ask: the list of an older server is its only camera; the question for its controls times out with a hint", async () => {
  const server = listenAsOlderServer();
  const asked = askedServer(server.port);
  const { signal } = new AbortController();
  try {
    expect(await askForCameras(asked, signal)).toEqual([
      { name: "only one", hasEnded: false, width: 0, height: 0, framesPerSecond: 0 },
    ]);
    const asking = askForControls(asked, signal);
    await expect(asking).rejects.toThrow(/has not answered within 5 s: it may be older/);
    await using named = new Program("view", [`127.0.0.1:${server.port}/door`, "--display", "none"]);
    await named.until("the hint", ({ remarks }) =>
      remarks.includes("the server is too old to support several cameras: it shows only one instead of door"),
    );
  } finally {
    server.close();
  }
});

test("view --list: removes control characters from the names of cameras", async () => {
  const server = listenAsOlderServer("door\u001b]0;owned\u0007\u009b2J\nerror: no");
  const { code, program } = await runToEnd("view", [`127.0.0.1:${server.port}`, "--list"], { rawOutput: true });
  server.close();
  expect([code, program.bytes.toString()]).toEqual([0, "door]0;owned2Jerror: no\n"]);
});

test("askForControls: ends when its signal aborts", async () => {
  const server = listenAsOlderServer();
  const stopping = new AbortController();
  const asking = askForControls(askedServer(server.port), stopping.signal);
  const reason = new Error("the user quits");
  setTimeout(() => stopping.abort(reason), 50);
  await expect(asking).rejects.toBe(reason);
  server.close();
});

test("receiveClip: a server that sends parts without being asked is refused, and no second part is taken", async () => {
  const part = writeClipPart({ outcome: "part", text: "", bytes: new Uint8Array(1000) });
  const server = listenAsOlderServer("only one", new Map([[MessageType.clipAsked, [part, part]]]));
  let parts = 0;
  const write = () => {
    parts++;
    return new Promise<void>(() => undefined);
  };
  const receiving = receiveClip(askedServer(server.port), 10, write, new AbortController().signal);
  await expect(receiving).rejects.toThrow("a part of the clip that was not asked for");
  expect(parts).toBe(1);
  server.close();
});
