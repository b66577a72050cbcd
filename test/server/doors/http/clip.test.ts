// The route /clip: the pictures and times of the file, cameras that keep nothing, and wrong requests.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createCamera } from "../../../../src/capture/push-camera.ts";
import { nowMicros } from "../../../../src/core/clock.ts";
import type { Rendition } from "../../../../src/server/renditions/rendition.ts";
import { serve } from "../../../../src/server/serve.ts";
import type { Server } from "../../../../src/server/server.ts";
import { ffmpegBytes, TEST_TIMEOUT_MS } from "../../../support/programs.ts";
import { readRecording } from "../../../support/recorded-camera.ts";
import { until } from "../../../support/wait-until.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const SIZE = { width: 320, height: 240 };
const FRAMES = 40;
const [DOOR_KEY, YARD_KEY] = ["the-key-of-the-door-of-the-house", "the-key-of-the-yard-of-the-house"];

let folder = "";
let server: Server;
const [door, yard] = [createCamera(), createCamera()];
/** The pictures of the door, by the time of their capture. */
const stitched = new Map<number, string>();

const digest = (bytes: Uint8Array) => Bun.hash(bytes).toString(16);
const get = (path: string, key = DOOR_KEY, init: RequestInit = {}) =>
  fetch(`http://127.0.0.1:${server.http?.port}${path}`, { ...init, headers: { authorization: `Bearer ${key}` } });

/** Saves a clip to a file, and returns its path. */
async function save(path: string): Promise<string> {
  const answer = await get(path);
  expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "video/matroska"]);
  const file = join(folder, `${path.replaceAll(/\W/g, "_")}.mkv`);
  await Bun.write(file, await answer.arrayBuffer());
  return file;
}

/** Pushes grey pictures with a square that moves, and waits until each is encoded. */
async function pushFrames(): Promise<void> {
  for (let frame = 0; frame < FRAMES; frame++) {
    await Bun.sleep(2); // the times in the file are milliseconds
    const pixels = new Uint8Array(SIZE.width * SIZE.height * 4).fill(128);
    for (let row = 0; row < 64; row++) {
      const at = 4 * (SIZE.width * (row + frame) + 6 * frame);
      pixels.fill(255, at, at + 4 * 64);
    }
    const capturedAt = nowMicros();
    // Every picture is sent twice, and the second one changes nothing.
    for (const time of [capturedAt, capturedAt + 1000]) {
      const { encoded, dropped } = server.report();
      door.push(pixels, { ...SIZE, capturedAt: time });
      const isEncoded = () => server.report().encoded + server.report().dropped > encoded + dropped;
      await until(isEncoded, `the encoding of frame ${frame}`, 20_000);
    }
  }
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "slipstream-test-"));
  const onTiles = (rendition: Rendition) => {
    if (rendition.changedFrame !== rendition.newestFrame) return;
    stitched.set(rendition.capturedAt, digest(rendition.stitch() as Uint8Array));
  };
  server = await serve({
    cameras: [
      { source: door, name: "door", noise: 0, past: { seconds: 600 } },
      { source: yard, name: "yard" },
    ],
    keys: [
      { name: "door", key: DOOR_KEY, cameras: ["door"] },
      { name: "yard", key: YARD_KEY, cameras: ["yard"] },
    ],
    ...{ port: 0, http: { port: 0 }, workers: 1, onTiles },
  });
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

test("/clip: before the first picture it says that there is none", async () => {
  const answer = await get("/clip");
  expect([answer.status, await answer.text()]).toEqual([503, "no picture of door came yet\n"]);
});

test("/clip: has the stitched pictures byte for byte, with their times, and each change once", async () => {
  await pushFrames();
  expect(stitched.size).toBe(FRAMES);
  const path = await save("/cameras/door/clip?seconds=300");
  const pictures = readRecording(path);
  const times = [...stitched.keys()];
  expect(pictures.slice(0, FRAMES).map(({ jpeg }) => digest(jpeg))).toEqual([...stitched.values()]);
  expect(pictures.length - FRAMES).toBeLessThanOrEqual(1); // the last picture is repeated if it was seen for long
  for (const [index, time] of times.entries()) {
    const late = (pictures[index]?.milliseconds ?? 0) - (time - (times[0] ?? 0)) / 1000;
    expect(Math.abs(late)).toBeLessThanOrEqual(1);
  }
  expect(ffmpegBytes("-i", path, "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "gray").length).toBe(320 * 240);
  const { past } = server.report();
  expect(past?.bytes).toBeGreaterThan(0);
  expect(past?.seconds).toBeGreaterThan(0);
});

test("/clip: `seconds` shortens it, and the picture that was seen at the beginning comes first", async () => {
  await until(() => (nowMicros() - ([...stitched.keys()].at(-1) ?? 0)) / 1e6 > 1.2, "a second without changes", 20_000);
  const path = await save("/clip?camera=door&seconds=1");
  const pictures = readRecording(path);
  expect(pictures.map(({ jpeg }) => digest(jpeg)).every((each) => each === [...stitched.values()].at(-1))).toBe(true);
  expect(pictures[0]?.milliseconds).toBe(0);
});

test("/clip: clears its files, and names the camera in the name of the file", async () => {
  const before = process.env["TMPDIR"];
  const own = mkdtempSync(join(folder, "clips-")); // other tests make clips at the same time
  process.env["TMPDIR"] = own;
  const answer = await get("/clip");
  if (before === undefined) delete process.env["TMPDIR"];
  else process.env["TMPDIR"] = before;
  expect(answer.headers.get("content-disposition")).toMatch(
    /^attachment; filename\*=UTF-8''door_\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d\.mkv$/,
  );
  await answer.arrayBuffer();
  expect(readdirSync(own)).toEqual([]);
});

test("/clip: `ago` moves its end, HEAD tells how much is kept, and seconds that are gone are refused", async () => {
  const path = await save("/clip?camera=door&seconds=3600&ago=1");
  expect(digest(readRecording(path)[0]?.jpeg ?? new Uint8Array())).toBe([...stitched.values()][0] as string);
  const head = await get("/clip?camera=door", DOOR_KEY, { method: "HEAD" });
  expect(head.status).toBe(200);
  const kept = Number(head.headers.get("x-slipstream-past-seconds"));
  expect(kept).toBeGreaterThan(1);
  const gone = await get("/clip?ago=3600");
  expect([gone.status, await gone.text()]).toEqual([
    410,
    expect.stringMatching(/^door keeps only the last \d+(\.\d)? s: ask for later ones, or raise --past\n$/),
  ]);
  const wrong = await get("/clip?ago=-1");
  expect([wrong.status, await wrong.text()]).toEqual([400, "ago takes a whole number from 0 to 3600\n"]);
});

test.each(["0", "-1", "1.5", "3601", "30s", ""])("/clip: refuses seconds=%s", async (seconds) => {
  const answer = await get(`/clip?seconds=${seconds}`);
  expect([answer.status, await answer.text()]).toEqual([400, "seconds takes a whole number from 1 to 3600\n"]);
});

test("/clip: a camera that keeps nothing says how to keep it, and a key for another camera gets nothing", async () => {
  const none = await get("/clip", YARD_KEY);
  expect([none.status, await none.text()]).toEqual([
    404,
    "the past of yard is not kept: start the server with --past 30s\n",
  ]);
  expect((await get("/cameras/door/clip", YARD_KEY)).status).toBe(404);
  expect((await get("/clip", "a-wrong-key-of-the-door-of-the-house")).status).toBe(401);
});
