// Runs in the guest: buffers of a UVC camera with bytes after EOI, and buffers without a picture (see dirty-buffers.ts).

import { expect, test } from "bun:test";
import { cameraFrames, captureFrames, hashOf } from "./lab.ts";

test("camera: delivers the pictures of its buffers without the bytes around them, and counts buffers without a picture", async () => {
  const size = { width: 640, height: 480 };
  const { frames, lost, lines } = await captureFrames({ size, framesPerSecond: 10 }, 40);
  const clean = cameraFrames(size, { folder: "clean" });
  expect(frames.filter(({ bytes }) => !clean.has(hashOf(bytes)))).toEqual([]);
  expect(new Set(frames.map(({ bytes }) => hashOf(bytes))).size).toBeGreaterThan(10);
  expect(lost).toBeGreaterThan(1);
  expect(lines).toEqual([]);
});
