// MJPEG through ffmpeg: its pictures arrive byte for byte, unless they must be scaled, paced or rotated.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Size } from "../../../src/core/pixel-format.ts";
import { createFfmpegSource } from "../../../src/capture/pipe/ffmpeg.ts";
import { type FfmpegInput, fileInput } from "../../../src/capture/pipe/ffmpeg-input.ts";
import { isMjpeg } from "../../../src/capture/pipe/mjpeg-probe.ts";
import { ffmpeg } from "../../support/jpeg-tools.ts";
import { until } from "../../support/wait-until.ts";
import { RecordingSink } from "../../support/recording-sink.ts";

const FRAMES = 6;
let folder = "";
/** Each picture as a file of its own. */
let pictures: Buffer[] = [];
const at = (name: string) => join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "slipstream-test-"));
  const made = ["-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25", "-frames:v", String(FRAMES)];
  ffmpeg([...made, "-c:v", "mjpeg", "-q:v", "4", "-f", "image2", at("%02d.jpg")]);
  pictures = readdirSync(folder)
    .toSorted()
    .map((name) => readFileSync(at(name)));
  writeFileSync(at("clip.mjpeg"), Buffer.concat(pictures));
  ffmpeg(["-f", "mjpeg", "-r", "25", "-i", at("clip.mjpeg"), "-c", "copy", at("clip.avi")]);
  ffmpeg(["-i", at("clip.avi"), "-c", "copy", "-metadata:s:v", "rotate=90", at("turned.mov")]);
  ffmpeg(["-i", at("clip.avi"), "-c:v", "mpeg4", at("clip.mp4")]);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs the source until it has delivered `count` frames, as pixels or JPEGs. */
async function take(input: FfmpegInput, count: number): Promise<RecordingSink> {
  const sink = new RecordingSink();
  const stopping = new AbortController();
  const running = createFfmpegSource(input).run(sink, stopping.signal);
  await Promise.race([running, until(() => sink.jpegs.length + sink.frames.length >= count, "frames", 20_000)]);
  stopping.abort();
  await running;
  return sink;
}

test.each(["clip.mjpeg", "clip.avi"])(
  "ffmpeg source: passes on all pictures of %s unchanged, in a loop",
  async (name) => {
    const sink = await take(fileInput({ location: at(name), name, size: null, framesPerSecond: null }), 2 * FRAMES);
    expect(sink.frames).toEqual([]);
    for (const [index, jpeg] of sink.jpegs.entries()) {
      expect(Buffer.compare(jpeg, pictures[index % FRAMES] as Buffer)).toBe(0);
    }
  },
);

test.each([
  ["a size", "clip.avi", { width: 80, height: 60 }, null],
  ["a rate", "clip.avi", null, 10],
  ["another codec", "clip.mp4", null, null],
  ["a container that rotates", "turned.mov", null, null],
] as const)("ffmpeg source: delivers pixels with %s", async (_, name, size: Size | null, rate) => {
  const sink = await take(fileInput({ location: at(name), name, size, framesPerSecond: rate }), 2);
  expect(sink.jpegs).toEqual([]);
  const expected = size ?? (name === "turned.mov" ? { width: 120, height: 160 } : { width: 160, height: 120 });
  expect(sink.frames[0]).toMatchObject(expected);
});

test("isMjpeg: is false for a missing file and after an abort, and true for MJPEG", async () => {
  expect(await isMjpeg(["-i", `file:${at("nothing.avi")}`], new AbortController().signal)).toBe(false);
  expect(await isMjpeg(["-i", `file:${at("clip.avi")}`], AbortSignal.abort())).toBe(false);
  expect(await isMjpeg(["-i", `file:${at("clip.avi")}`], new AbortController().signal)).toBe(true);
});
