// Questions (--list, --controls) to servers that do not know the questions yet, and to hostile servers.

import { expect, setDefaultTimeout, test } from "bun:test";
import { askForCameras, askForControls, receiveClip } from "../../src/connect/ask.ts";
import { writeClipPart } from "../../src/protocol/clip.ts";
import { MessageType } from "../../src/protocol/wire.ts";
import { askedServer, listenAsOlderServer } from "../support/older-server.ts";
import { Program, runToEnd, TEST_TIMEOUT_MS } from "../support/programs.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

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
