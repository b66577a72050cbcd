// Clips of a running server, over HTTP and over the wire: four at a time, and a client that goes makes room.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createCamera } from "../../../src/capture/push-camera.ts";
import { withoutKey } from "../../../src/connect/server-access.ts";
import { saveClip } from "../../../src/client/save/clip.ts";
import { nowMicros } from "../../../src/core/clock.ts";
import { encodeJpeg } from "../../../src/index.ts";
import { readClipPart, writeClipAsked } from "../../../src/protocol/clip.ts";
import { writeHello } from "../../../src/protocol/greeting.ts";
import { MessageType, WIRE_VERSION } from "../../../src/protocol/wire.ts";
import { serve } from "../../../src/server/serve.ts";
import type { Server } from "../../../src/server/server.ts";
import { TEST_TIMEOUT_MS } from "../../support/programs.ts";
import { randomPixels } from "../../support/random-pictures.ts";
import { RawPeer } from "../../support/raw-peer.ts";
import { readRecording } from "../../support/recorded-camera.ts";
import { until } from "../../support/wait-until.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const MOST_CLIPS = 4;
const FULL = "other clips are being saved: try again later";
/** Clips of this size do not fit into the buffers of a socket, so a client that reads nothing keeps its clip open. */
const CLIP_BYTES = 40e6;
const SIZE = { width: 1280, height: 960 };

let folder = "";
let server: Server;
let jpeg: Uint8Array;
let pictures = 0;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "slipstream-test-"));
  const camera = createCamera();
  server = await serve({
    cameras: [{ source: camera, name: "door", past: { seconds: 600, bytes: 1e8 } }],
    ...{ port: 0, http: { port: 0 }, workers: 1 },
  });
  jpeg = await encodeJpeg(randomPixels(SIZE.width * SIZE.height * 4, 1), { ...SIZE, quality: 100 });
  pictures = Math.ceil(CLIP_BYTES / jpeg.length);
  const start = nowMicros() - pictures * 100_000;
  for (let index = 0; index < pictures; index++) camera.pushJpeg(jpeg, { capturedAt: start + index * 100_000 });
  await until(() => (server.report().past?.bytes ?? 0) >= CLIP_BYTES, "the pictures");
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Waits until an answer is true. */
async function untilAnswer(isTrue: () => Promise<boolean>, what: string): Promise<void> {
  const giveUpAt = performance.now() + 20_000;
  while (!(await isTrue())) {
    if (performance.now() > giveUpAt) throw new Error(`waited in vain for ${what}`);
    await Bun.sleep(100);
  }
}

test("/clip: four are sent at the same time, and a client that goes makes room", async () => {
  const port = server.http?.port ?? 0;
  const isFull = async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/clip`);
    const isRefused = answer.status === 503 && (await answer.text()) === `${FULL}\n`;
    if (!isRefused) await answer.body?.cancel();
    return isRefused;
  };
  const clients = await Promise.all(Array.from({ length: MOST_CLIPS }, () => openClip(port)));
  expect(clients.map(({ head }) => head)).toEqual(clients.map(() => "HTTP/1.1 200 OK"));
  expect(await isFull()).toBe(true);
  for (const { socket } of clients) socket.terminate();
  await untilAnswer(async () => !(await isFull()), "room");
});

/** Asks for a clip, and reads nothing after the beginning of the answer. */
async function openClip(port: number) {
  const { promise, resolve } = Promise.withResolvers<string>();
  const data = (socket: Bun.Socket, chunk: Buffer) => {
    socket.pause();
    resolve(chunk.toString("latin1").split("\r\n")[0] ?? "");
  };
  const socket = await Bun.connect({ hostname: "127.0.0.1", port, socket: { data } });
  socket.write(`GET /clip HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
  return { socket, head: await promise };
}

test("ClipAsked: four are sent at the same time, and a viewer that goes makes room", async () => {
  const hello = writeHello({ version: WIRE_VERSION, software: "test", camera: "", paused: true });
  const peers = await Promise.all(Array.from({ length: MOST_CLIPS }, () => RawPeer.connect(server.port)));
  const ask = async (peer: RawPeer) => {
    const got = () => peer.messages.filter(({ type }) => type === MessageType.clipPart);
    const parts = got().length;
    peer.send(writeClipAsked({ seconds: 60 }));
    await until(() => got().length > parts, "the answer");
    return readClipPart(got().at(-1)?.body ?? new Uint8Array());
  };
  const isSent = async (peer: RawPeer) => (await ask(peer)).outcome === "part";
  for (const peer of peers) {
    peer.send(hello);
    await untilAnswer(() => isSent(peer), "a place"); // the server may not have seen yet that the clients of another test are gone
  }
  using late = await RawPeer.connect(server.port);
  late.send(hello);
  expect(await ask(late)).toMatchObject({ outcome: "refused", text: FULL });
  peers.pop()?.[Symbol.dispose]();
  await untilAnswer(() => isSent(late), "room");
  // The next clip of a viewer takes the place of the one that it has not read to its end.
  for (let times = 0; times < MOST_CLIPS; times++) expect((await ask(late)).outcome).toBe("part");
  for (const peer of peers) peer[Symbol.dispose]();
});

test("saveClip: a clip of many parts is whole, and one that is given up leaves no file", async () => {
  const address = { host: "127.0.0.1", port: server.port, camera: "" };
  const asked = { address, access: withoutKey(address) };
  const path = join(folder, "clip.mkv");
  const save = async (): Promise<number> => {
    try {
      return await saveClip(asked, 600, path, new AbortController().signal);
    } catch (error) {
      // The server may not know yet that the viewers of the other tests are gone.
      if (!(error as Error).message.includes(FULL)) throw error;
      await Bun.sleep(100);
      return save();
    }
  };
  expect(await save()).toBe(Bun.file(path).size);
  const saved = readRecording(path).slice(0, pictures);
  expect(saved.map((picture) => Buffer.compare(picture.jpeg, jpeg))).toEqual(saved.map(() => 0));
  expect(saved).toHaveLength(pictures);
  rmSync(path);
  const given = new AbortController();
  const saving = saveClip(asked, 600, path, given.signal);
  await until(() => Bun.file(path).size > 0, "the first part");
  given.abort();
  expect(await saving.catch(() => "given up")).toBe("given up");
  expect(await Bun.file(path).exists()).toBe(false);
});
