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
  ffmpeg(["-i", at("clip.avi"), "-c", "copy", "-aspect", "16:9", at("wide.mkv")]); // its JPEGs say nothing of it
  ffmpeg(["-i", at("clip.avi"), "-c:v", "mpeg4", "-aspect", "16:9", at("wide.mp4")]);
  ffmpeg(["-i", at("clip.avi"), "-c:v", "mpeg4", "-aspect", "400:3", at("absurd.mp4")]);
  const limited = ["-vf", "scale=out_range=limited,format=yuv420p", "-strict", "unofficial"];
  ffmpeg(["-i", at("clip.avi"), ...limited, "-c:v", "mjpeg", at("limited.mkv")]);
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
  ["a container with limited range", "limited.mkv", null, null],
  ["a container whose pixels are not square", "wide.mkv", null, null],
  ["a container of another codec whose pixels are not square", "wide.mp4", null, null],
  ["a size and pixels that are not square", "wide.mp4", { width: 80, height: 60 }, null],
  ["a container whose pixels have an absurd shape", "absurd.mp4", null, null],
] as const)("ffmpeg source: delivers pixels with %s", async (_, name, size: Size | null, rate) => {
  const sink = await take(fileInput({ location: at(name), name, size, framesPerSecond: rate }), 2);
  expect(sink.jpegs).toEqual([]);
  const own = name === "turned.mov" ? { width: 120, height: 160 } : { width: 160, height: 120 };
  const square = name.startsWith("wide") ? { width: 213, height: 120 } : own;
  expect(sink.frames[0]).toMatchObject(size ?? square);
});

test("isMjpeg: is false for a missing file and after an abort, and true for MJPEG", async () => {
  expect(await isMjpeg(["-i", `file:${at("nothing.avi")}`], new AbortController().signal)).toBe(false);
  expect(await isMjpeg(["-i", `file:${at("clip.avi")}`], AbortSignal.abort())).toBe(false);
  expect(await isMjpeg(["-i", `file:${at("clip.avi")}`], new AbortController().signal)).toBe(true);
});
