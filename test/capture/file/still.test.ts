// Still pictures as a source: each kind is shown as ffmpeg decodes it, steadily, and again when another program has written the file.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFileSource, type FileOptions } from "../../../src/capture/file/file-source.ts";
import { ffmpeg } from "../../support/jpeg-tools.ts";
import { TEST_TIMEOUT_MS } from "../../support/programs.ts";
import { RecordingSink } from "../../support/recording-sink.ts";
import { until } from "../../support/wait-until.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

let folder = "";
const at = (name: string) => join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "slipstream-test-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Makes a picture in the format of its file name. `seconds` chooses the picture. */
function make(name: string, seconds = 0, ...options: string[]): Buffer {
  const card = ["-f", "lavfi", "-i", "testsrc=size=161x121:rate=1:duration=9", "-ss", String(seconds)];
  ffmpeg([...card, "-frames:v", "1", ...options, "-update", "1", "-y", at(name)]);
  return readFileSync(at(name));
}

interface Watched {
  sink: RecordingSink;
  /** Resolves with the reason why the source failed, or with null when it was stopped. */
  failure: Promise<unknown>;
  stop(): Promise<void>;
}

function watch(name: string, options: Partial<FileOptions> = {}): Watched {
  const sink = new RecordingSink();
  const stopping = new AbortController();
  const source = createFileSource({ location: at(name), name, size: null, framesPerSecond: null, ...options });
  const running = source.run(sink, stopping.signal);
  const failure = running.then(
    () => null,
    (error: unknown) => error,
  );
  return {
    sink,
    failure,
    async stop() {
      stopping.abort();
      expect(await failure).toBeNull();
    },
  };
}

const lastIs = ({ jpegs }: RecordingSink, jpeg: Uint8Array) => {
  const last = jpegs.at(-1);
  return last !== undefined && Buffer.compare(last, jpeg) === 0;
};

test.each([
  ["a.png", ["-pix_fmt", "rgba"]],
  ["16-bit.png", ["-pix_fmt", "rgb48be"]],
  ["a.bmp", []],
  ["a.ppm", []],
  ["a.tga", []],
  ["a.tiff", []],
  ["one.gif", []],
  ["one.y4m", ["-pix_fmt", "yuv420p"]],
  ["one.avi", ["-c:v", "mpeg4"]],
  ["series %03d.png", []],
] as const)("still picture: %s is delivered again and again as ffmpeg decodes it", async (name, options) => {
  const isSeries = name.includes("%");
  make(isSeries ? "plain.png" : name, 0, ...options);
  if (isSeries) renameSync(at("plain.png"), at(name));
  const { sink, stop } = watch(name);
  await until(() => sink.frames.length >= 3, "three frames", 20_000);
  await stop();
  expect(sink.jpegs).toEqual([]);
  const input = isSeries ? ["-f", "image2", "-pattern_type", "none"] : [];
  const raw = ["-vf", "scale=out_range=full:out_color_matrix=bt601,format=yuvj420p", "-f", "rawvideo", "-"];
  const expected = ffmpeg([...input, "-i", `file:${at(name)}`, ...raw]).bytes;
  for (const frame of sink.frames) {
    expect(frame).toMatchObject({ width: 161, height: 121 });
    expect(Buffer.compare(frame.bytes, expected)).toBe(0);
  }
  expect(sink.troubles).toEqual([]);
  expect(sink.held).toBe(0);
});

test("still picture: an animated GIF plays as a video", async () => {
  ffmpeg(["-f", "lavfi", "-i", "testsrc2=size=64x48:rate=10:duration=1", at("moving.gif")]);
  const { sink, stop } = watch("moving.gif");
  await until(() => sink.frames.length >= 6, "frames", 20_000);
  await stop();
  expect(new Set(sink.frames.map(({ bytes }) => Bun.hash(bytes))).size).toBeGreaterThan(4);
});

test("still picture: a JPEG is passed on byte for byte, whatever its name, and at the requested rate", async () => {
  const jpeg = make("a.jpg");
  writeFileSync(at("a name without extension"), jpeg);
  const [slow, fast] = [watch("a.jpg"), watch("a name without extension", { framesPerSecond: 20 })];
  await until(() => fast.sink.jpegs.length >= 20 && slow.sink.jpegs.length > 0, "JPEGs", 20_000);
  await Promise.all([slow.stop(), fast.stop()]);
  for (const each of [...slow.sink.jpegs, ...fast.sink.jpegs]) expect(Buffer.compare(each, jpeg)).toBe(0);
  expect(fast.sink.jpegs.length).toBeGreaterThan(2 * slow.sink.jpegs.length);
});

test("still picture: a JPEG with a size is scaled", async () => {
  make("scaled.jpg");
  const { sink, stop } = watch("scaled.jpg", { size: { width: 80, height: 60 } });
  await until(() => sink.frames.length > 0, "a frame", 20_000);
  await stop();
  expect(sink.frames[0]).toMatchObject({ width: 80, height: 60 });
});

test("still picture: a file that another program writes is shown when it is whole", async () => {
  const [first, second, third] = [make("1.jpg", 1), make("2.jpg", 2), make("3.jpg", 3)];
  writeFileSync(at("live.jpg"), first);
  const { sink, stop } = watch("live.jpg");
  await until(() => lastIs(sink, first), "the first picture", 20_000);
  writeFileSync(at("new.jpg"), second);
  renameSync(at("new.jpg"), at("live.jpg"));
  await until(() => lastIs(sink, second), "the picture that replaced it", 20_000);
  for (const part of [0.2, 0.4, 0.6, 0.8, 1]) {
    writeFileSync(at("live.jpg"), third.subarray(0, part * third.length));
    await Bun.sleep(150);
  }
  await until(() => lastIs(sink, third), "the picture that was written slowly", 20_000);
  rmSync(at("live.jpg"));
  writeFileSync(at("live.jpg"), first);
  await until(() => lastIs(sink, first), "the picture that was deleted and written", 20_000);
  await stop();
  for (const jpeg of sink.jpegs) {
    expect([first, second, third].some((picture) => Buffer.compare(jpeg, picture) === 0)).toBe(true);
  }
  expect(sink.lostFrames).toBe(0);
});

test("still picture: a file that is missing for long ends the run with an error that allows a retry", async () => {
  make("away.jpg");
  const { sink, failure } = watch("away.jpg");
  await until(() => sink.jpegs.length > 0, "the picture", 20_000);
  rmSync(at("away.jpg"));
  expect(await failure).toMatchObject({
    name: "SourceError",
    retry: "soon",
    message: "cannot read away.jpg: there is no such file",
  });
});

test("still picture: an animated WebP that ffmpeg cannot read fails with its reason", async () => {
  // A VP8X file of 48 bytes with an empty animation.
  const chunk = (kind: string, content: Buffer) =>
    Buffer.concat([Buffer.from(kind), Buffer.from(Uint32Array.of(content.length).buffer), content]);
  const body = [chunk("VP8X", Buffer.from([2, 0, 0, 0, 9, 0, 0, 9, 0, 0])), chunk("ANIM", Buffer.alloc(6))];
  writeFileSync(at("moving.webp"), chunk("RIFF", Buffer.concat([Buffer.from("WEBP"), ...body])));
  const { message } = (await watch("moving.webp").failure) as Error;
  expect(message).toStartWith("cannot read video from moving.webp: ");
  expect(message).not.toContain("Error marking");
});
