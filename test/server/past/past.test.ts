// The past of a camera that sends JPEGs, and its clips: size changes, and what is left out.

import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nowMicros } from "../../../src/core/clock.ts";
import { ClipGone } from "../../../src/server/deliver/saved-clip.ts";
import { clipOf, writeClip } from "../../../src/server/past/clip-file.ts";
import { Clips } from "../../../src/server/past/clips.ts";
import { Past } from "../../../src/server/past/past.ts";
import { TEST_TIMEOUT_MS } from "../../support/programs.ts";
import { greyJpegs, JpegCamera, readRecording } from "../../support/recorded-camera.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const SIZE = { width: 64, height: 48 };
const SECOND = 1_000_000;

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipstream-test-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Pictures as text, because an error would print all their bytes. */
const digests = (pictures: readonly Uint8Array[]) => pictures.map((jpeg) => Bun.hash(jpeg).toString(16));

async function save(past: Past, seconds: number, agoSeconds = 0) {
  const frames = past.copy();
  if (frames === null) throw new Error("nothing is kept");
  const path = join(folder, "clip.mkv");
  writeFileSync(path, "");
  const clip = clipOf(frames, seconds, agoSeconds);
  if (clip === null) throw new Error("none of these seconds is kept");
  expect(await writeClip(clip, path, new AbortController().signal)).toBeNull();
  return { pictures: readRecording(path), now: frames.now };
}

function keep(camera: JpegCamera, seconds: number): Past {
  const past = new Past(camera, { micros: seconds * SECOND, bytes: 1e6 }, new Clips());
  past.begin();
  return past;
}

test("Past: JPEGs of a camera are kept and saved as they came, from the one that was seen at the beginning", async () => {
  const camera = new JpegCamera("door");
  const past = keep(camera, 60);
  const jpegs = await greyJpegs(20, SIZE);
  const start = nowMicros() - 10 * SECOND;
  const times = jpegs.map((_, index) => start + (index * SECOND) / 2);
  for (const [index, jpeg] of jpegs.entries()) camera.deliver(jpeg, SIZE, times[index]);
  const { pictures, now } = await save(past, 5);
  const from = now - 5 * SECOND;
  const first = times.findLastIndex((time) => time <= from);
  const seen = pictures.slice(0, jpegs.length - first);
  expect(digests(seen.map(({ jpeg }) => jpeg))).toEqual(digests(jpegs.slice(first)));
  for (const [index, { milliseconds }] of seen.entries()) {
    const due = Math.max(0, (times[first + index] as number) - from) / 1000;
    expect(Math.abs(milliseconds - due)).toBeLessThanOrEqual(1);
  }
  expect(pictures.length - seen.length).toBeLessThanOrEqual(1); // the last picture is repeated if it was seen for long
  expect(past.report().seconds).toBeWithin(9.9, 60);
});

test("Past: a clip may have ended some seconds ago, and there is none of seconds that are not kept", async () => {
  const camera = new JpegCamera("door");
  const past = keep(camera, 60);
  const jpegs = await greyJpegs(20, SIZE);
  const start = nowMicros() - 10 * SECOND;
  const times = jpegs.map((_, index) => start + (index * SECOND) / 2);
  for (const [index, jpeg] of jpegs.entries()) camera.deliver(jpeg, SIZE, times[index]);
  const { pictures, now } = await save(past, 3, 4);
  const seen = (at: number) => times.findLastIndex((time) => time <= at);
  const wanted = digests(jpegs.slice(seen(now - 7 * SECOND), seen(now - 4 * SECOND) + 1));
  const saved = digests(pictures.map(({ jpeg }) => jpeg));
  expect(saved.slice(0, wanted.length)).toEqual(wanted);
  expect(saved.slice(wanted.length).every((each) => each === wanted.at(-1))).toBe(true);
  const signal = new AbortController().signal;
  expect(await past.clip(3, signal, 70).catch((error: unknown) => error)).toBeInstanceOf(ClipGone);
  expect(past.keptSeconds).toBeWithin(9.9, 60);
});

test("Past: a clip begins after the last change of the size", async () => {
  const camera = new JpegCamera("door");
  const past = keep(camera, 60);
  const half = { width: 32, height: 24 };
  const [large = [], small = []] = await Promise.all([greyJpegs(3, SIZE), greyJpegs(3, half)]);
  const start = nowMicros() - 6 * SECOND;
  for (const [index, jpeg] of large.entries()) camera.deliver(jpeg, SIZE, start + (index * SECOND) / 4);
  for (const [index, jpeg] of small.entries()) camera.deliver(jpeg, half, start + SECOND + (index * SECOND) / 4);
  const { pictures } = await save(past, 60);
  // The last picture is repeated at the end, because it was seen until then.
  expect(digests(pictures.map(({ jpeg }) => jpeg))).toEqual(digests([...small, small[2] as Uint8Array]));
});

test("Past: ends with its camera, and takes no further pictures", async () => {
  const camera = new JpegCamera("door");
  const past = keep(camera, 60);
  const [first, second] = (await greyJpegs(2, SIZE)) as [Uint8Array, Uint8Array];
  camera.deliver(first, SIZE);
  past.leave();
  camera.deliver(second, SIZE);
  expect(camera.gone).toBe("the camera has ended");
  expect(past.copy()?.frames).toHaveLength(1);
});

test("writeClip: says why ffmpeg cannot write the file", async () => {
  const camera = new JpegCamera("door");
  const past = keep(camera, 60);
  camera.deliver((await greyJpegs(1, SIZE))[0] as Uint8Array, SIZE);
  const frames = past.copy();
  if (frames === null) throw new Error("nothing is kept");
  const clip = clipOf(frames, 5);
  if (clip === null) throw new Error("nothing is kept");
  const reason = await writeClip(clip, join(folder, "none", "clip.mkv"), new AbortController().signal);
  expect(reason).toContain("No such file or directory");
});
