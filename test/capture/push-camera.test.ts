// A camera whose frames are pushed by code: the result of each push, from a sink up to the pixels that a viewer shows.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { createCamera, type PushedFrame, type PushResult } from "../../src/capture/push-camera.ts";
import { nowMicros } from "../../src/core/clock.ts";
import { UsageError } from "../../src/core/errors.ts";
import { serve } from "../../src/server/serve.ts";
import { ffmpegBytes, Program, startViewer, TEST_TIMEOUT_MS } from "../support/programs.ts";
import { RecordingSink } from "../support/recording-sink.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const SIZE = { width: 64, height: 48 };
const GREY = new Uint8Array(64 * 48 * 4).fill(128);

describe("PushCamera: push and end", () => {
  test("PushCamera: drops frames before a server runs it and after the server has ended", async () => {
    const camera = createCamera();
    const sink = new RecordingSink();
    expect(camera.push(GREY, SIZE)).toBe("dropped: no server runs this camera");
    const ending = new AbortController();
    const run = camera.run(sink, ending.signal);
    expect(camera.push(GREY, { ...SIZE, capturedAt: 7 })).toBe("taken");
    ending.abort();
    await run;
    expect(camera.push(GREY, SIZE)).toBe("dropped: no server runs this camera");
    expect(sink.frames).toEqual([{ ...SIZE, format: "rgba", bytes: GREY, capturedAt: 7 }]);
  });

  test("PushCamera: counts a frame as lost when the encoders hold all slots", async () => {
    const camera = createCamera();
    const sink = new RecordingSink();
    sink.slots = 0;
    const ending = new AbortController();
    const run = camera.run(sink, ending.signal);
    expect(camera.push(GREY, SIZE)).toBe("dropped: the encoders are busy");
    expect(camera.pushJpeg(GREY)).toBe("dropped: memory has run out");
    expect(sink.lostFrames).toBe(2);
    ending.abort();
    await run;
  });

  test("PushCamera: end() ends the run, and a run that begins later", async () => {
    const camera = createCamera();
    const never = new AbortController().signal;
    const run = camera.run(new RecordingSink(), never);
    await expect(camera.run(new RecordingSink(), never)).rejects.toThrow("is in use by another server");
    camera.end();
    await run;
    await camera.run(new RecordingSink(), never);
  });

  test.each<[string, Uint8Array, PushedFrame]>([
    ["a rgba frame of 64x48 has 12288 bytes, not 12287", GREY.subarray(1), SIZE],
    [
      "a yuv420p frame of 63x47 has 4497 bytes, not 1",
      GREY.subarray(0, 1),
      { width: 63, height: 47, format: "yuv420p" },
    ],
    ["width and height must be whole numbers from 1 to 8192", GREY, { width: 0, height: 48 }],
    ["width and height must be whole numbers", GREY, { width: 1.5, height: 2 }],
    ["format must be one of rgba, ", GREY, { ...SIZE, format: "rgb565" as "rgba" }],
    ["capturedAt must be whole microseconds", GREY, { ...SIZE, capturedAt: Number.NaN }],
  ])("PushCamera: refuses a frame with the error '%s'", (message, pixels, frame) => {
    expect(() => createCamera().push(pixels, frame)).toThrow(UsageError);
    expect(() => createCamera().push(pixels, frame)).toThrow(message);
  });
});

test("PushCamera: a viewer shows the pushed pixels; without viewers frames are dropped", async () => {
  const camera = createCamera({ name: "lab" });
  await using server = await serve({ cameras: [{ source: camera, quality: 95, noise: 0 }], workers: 1, port: 0 });
  expect(camera.push(GREY, SIZE)).toBe("dropped: there are no viewers");
  const viewer = new Program<unknown>(
    "view",
    [`127.0.0.1:${server.port}/lab`, "--display", "none", "--frames", "1", "--output", "-"],
    { rawOutput: true },
  );
  const results = new Set<PushResult>();
  while (viewer.child.exitCode === null) {
    results.add(camera.push(GREY, { ...SIZE, capturedAt: nowMicros() }));
    await Bun.sleep(10);
  }
  expect(await viewer.end()).toBe(0);
  expect(results).toContain("taken");
  expect(viewer.bytes.length).toBe(GREY.length);
  // Grey 128 has no colour and fits a quantised DC coefficient, but the decoded picture may be one level off.
  const worst = viewer.bytes.reduce(
    (most, value, at) => (at % 4 === 3 ? most : Math.max(most, Math.abs(value - 128))),
    0,
  );
  expect(worst).toBeLessThanOrEqual(2);
});

test("PushCamera: a newer frame replaces one that waits for a busy encoder", async () => {
  const camera = createCamera();
  await using server = await serve({ cameras: [{ source: camera, noise: null }], workers: 1, port: 0 });
  await using viewer = startViewer(server.port);
  const noise = new Uint8Array(1920 * 1080 * 4);
  for (let at = 0; at < noise.length; at += 65536) crypto.getRandomValues(noise.subarray(at, at + 65536));
  const results = new Set<PushResult>();
  await viewer.until("a replaced frame", () => {
    for (let count = 0; count < 3; count++) results.add(camera.push(noise, { width: 1920, height: 1080 }));
    return results.has("replaced an older frame");
  });
  expect(server.report().droppedBy.stale).toBeGreaterThan(0);
});

test("PushCamera: a pushed JPEG is sent byte for byte, a damaged one is dropped", async () => {
  const camera = createCamera();
  await using server = await serve({ cameras: [{ source: camera }], workers: 1, port: 0 });
  const jpeg = ffmpegBytes("-f", "lavfi", "-i", "testsrc=size=64x48", "-frames:v", "1", "-f", "mjpeg");
  await using viewer = startViewer(server.port);
  const results = new Set<PushResult>();
  await viewer.until("a frame", ({ last }) => {
    results.add(camera.pushJpeg(jpeg));
    return (last?.frames ?? 0) > 0;
  });
  expect(results).toContain("taken");
  expect(server.report().renditions[0]).toMatchObject({ quality: 0, bytesPerFrame: jpeg.length });
  expect(camera.pushJpeg(jpeg.subarray(100))).toBe("dropped: the JPEG is damaged");
});
