// The sources of several cameras: the server waits for a missing camera, and wrong options of one camera end that camera only.

import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SourceError, UsageError } from "../../../src/core/errors.ts";
import { lineLog } from "../../../src/core/log.ts";
import type { ResolvedCameraOptions } from "../../../src/server/settings/options.ts";
import { openSources } from "../../../src/server/cameras/sources.ts";
import { resolveServeOptions } from "../../../src/server/settings/resolve.ts";
import { combine } from "../../../src/server/settings/settings.ts";
import { openLazily } from "../../../src/capture/supervise/lazy-source.ts";
import { tryOpen } from "../../../src/capture/supervise/try-open.ts";
import type { Source } from "../../../src/capture/source.ts";
import { ffmpeg } from "../../support/jpeg-tools.ts";
import { RecordingSink } from "../../support/recording-sink.ts";

const folder = mkdtempSync(join(tmpdir(), "slipstream-cameras-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** The cameras for several `--source` flags. */
const camerasOf = (...sources: string[]): ResolvedCameraOptions[] =>
  resolveServeOptions(combine({ source: sources }, {})).cameras;

function open(cameras: ResolvedCameraOptions[]) {
  const said: { name: string; text: string }[] = [];
  return {
    said,
    opened: openSources(cameras, (name) => lineLog((text) => said.push({ name, text }))),
  };
}

const thrownBy = (run: () => unknown): unknown => {
  try {
    return run();
  } catch (error) {
    return error;
  }
};

test("openSources: throws at once for a single camera that cannot be opened", () => {
  expect(thrownBy(() => open(camerasOf(join(folder, "none.mp4"))))).toBeInstanceOf(SourceError);
  expect(thrownBy(() => open(camerasOf("no-such-camera")))).toBeInstanceOf(UsageError);
});

test("openSources: retries a missing camera until it is there, under its final name", async () => {
  const path = join(folder, "late.mp4");
  const { opened } = open(camerasOf(path, "pattern"));
  expect(opened.map(({ name }) => name)).toEqual(["late.mp4", "pattern"]);
  const late = opened[0]?.source as Source;
  const sink = new RecordingSink();
  const ending = new AbortController();
  const running = late.run(sink, ending.signal);
  while (sink.troubles.length === 0) await Bun.sleep(5);
  expect(sink.troubles).toEqual([`cannot read ${path}: there is no such file or device; trying again`]);
  expect(await late.controls?.list().catch((error: unknown) => error)).toMatchObject({
    message: "late.mp4 has not been opened yet",
  });
  ffmpeg(["-f", "lavfi", "-i", "testsrc=size=64x48:rate=25:duration=1", "-c:v", "mpeg4", path]);
  while (sink.frames.length === 0) await Bun.sleep(5);
  expect(sink.troubles.at(-1)).toBeNull();
  expect(late.framesPerSecond).toBe(25);
  expect(await late.controls?.set("a", "1").catch((error: unknown) => error)).toMatchObject({
    message: "late.mp4 has no controls",
  });
  ending.abort();
  await running;
});

test.skipIf(process.platform !== "linux")(
  "openSources: with several cameras, a device that does not exist yet may be named",
  async () => {
    const { opened } = open(camerasOf("no-such-camera", "pattern"));
    const sink = new RecordingSink();
    const ending = new AbortController();
    const running = opened[0]?.source.run(sink, ending.signal);
    while (sink.troubles.length === 0) await Bun.sleep(5);
    expect(sink.troubles[0]).toMatch(/^'no-such-camera' is neither a file nor a camera: write .*; trying again$/);
    ending.abort();
    await running;
  },
);

test.skipIf(process.platform !== "linux")(
  "openSources: with several cameras, one that can never be opened ends at once",
  async () => {
    const { opened } = open(camerasOf("/dev/null", "pattern"));
    const run = opened[0]?.source.run(new RecordingSink(), new AbortController().signal);
    expect(await run?.catch((error: unknown) => error)).toMatchObject({ message: "/dev/null is not a camera" });
  },
);

const wrong = { device: "/dev/video0" }; // is valid only with --source webcam

test("openSources: wrong options of one camera end that camera only", async () => {
  const [first, second] = camerasOf("pattern", "pattern") as [ResolvedCameraOptions, ResolvedCameraOptions];
  const { opened } = open([{ ...first, ...wrong }, second]);
  const run = opened[0]?.source.run(new RecordingSink(), new AbortController().signal);
  expect(await run?.catch((error: unknown) => error)).toBeInstanceOf(UsageError);
});

test("openSources: throws when all cameras have wrong options", () => {
  const cameras = camerasOf("pattern", "pattern").map((camera) => ({ ...camera, ...wrong }));
  const error = thrownBy(() => open(cameras));
  expect(error).toBeInstanceOf(UsageError);
  expect((error as UsageError).message).toContain("--device applies only to --source webcam");
});

test("openSources: a device that does not exist yet is not an error", () => {
  expect(open(camerasOf("nobody", "nothing")).opened.map(({ name }) => name)).toEqual(["nobody", "nothing"]);
});

test("openSources: the log names a camera by its given name, or else by its source", () => {
  const [plain, named] = camerasOf("auto", "auto") as [ResolvedCameraOptions, ResolvedCameraOptions];
  // With or without a camera on this machine, the log names the chosen source.
  const { said } = open([plain, { ...named, name: "door" }]);
  expect(said.map(({ name }) => name)).toEqual(["auto", "door"]);
  expect(said[0]?.text).toMatch(/^(?:no camera was found|camera )/);
});

const isReady = () => Promise.resolve();

test("tryOpen: opens in a thread, and rejects with the error of the open", async () => {
  const [options] = camerasOf("no-such-camera") as [ResolvedCameraOptions];
  const never = new AbortController().signal;
  const refused = await tryOpen({ ...options, source: "/dev/no-such-device" }, never).catch((error: unknown) => error);
  expect(refused).toMatchObject({
    name: "SourceError",
    retry: "soon",
    message: expect.stringContaining("there is no such"),
  });
  const wrong = await tryOpen({ ...options, source: "pattern", device: "x" }, never).catch((error: unknown) => error);
  expect(wrong).toMatchObject({ name: "UsageError", message: expect.stringContaining("--device applies only to") });
  await tryOpen({ ...options, source: "pattern" }, never);
});

test("openLazily: opens the source once", async () => {
  let opens = 0;
  const runs: number[] = [];
  const late = openLazily(
    "it",
    () => {
      if (++opens === 1) throw new SourceError("not there", { retry: "soon" });
      return { name: "/dev/it", framesPerSecond: 7, run: async () => void runs.push(opens) };
    },
    isReady,
  );
  const run = () => late.run(new RecordingSink(), new AbortController().signal);
  expect(late.framesPerSecond).toBe(0);
  await expect(run()).rejects.toThrow("not there");
  await run();
  await run();
  expect([opens, runs, late.framesPerSecond, late.name]).toEqual([2, [2, 2], 7, "/dev/it"]);
  await late.run(new RecordingSink(), AbortSignal.abort());
  expect(runs.length).toBe(2);
});

test("openLazily: a wrong setting that is found only when the camera exists ends the camera", async () => {
  const late = openLazily(
    "it",
    () => {
      throw new UsageError("slipstream.toml:3: cameras[0].set.x: the camera has no control 'x': its controls are y");
    },
    isReady,
  );
  const outcome = await late.run(new RecordingSink(), new AbortController().signal).catch((error: unknown) => error);
  expect(outcome).toBeInstanceOf(UsageError);
});
