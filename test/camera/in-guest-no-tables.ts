// Runs in the guest: the source delivers the JPEGs of a camera that writes no Huffman tables unchanged.

import { expect, test } from "bun:test";
import { cameraFrames, captureFrames, hashOf } from "./lab.ts";

test("camera: delivers JPEGs without Huffman tables unchanged", async () => {
  const size = { width: 640, height: 480 };
  const { frames } = await captureFrames({ size }, 20);
  const sent = cameraFrames(size, { withoutTables: true });
  expect(sent.size).toBeGreaterThan(10);
  expect(frames.filter(({ bytes }) => !sent.has(hashOf(bytes)))).toEqual([]);
  expect(frames.some(({ bytes }) => Buffer.from(bytes).includes(Buffer.from([0xff, 0xc4])))).toBe(false);
});
