// CaptureRate: the numbers of frames and the time between them. Lost frames count.

import { expect, test } from "bun:test";
import { CaptureRate } from "../../src/capture/capture-rate.ts";

test("CaptureRate: numbers frames from 1, and lost frames have numbers too", () => {
  const captures = new CaptureRate();
  expect([captures.frames, captures.intervalMicros]).toEqual([0, 0]);
  expect([captures.add(1000), captures.addLost(2500), captures.add(3000)]).toEqual([1, 2, 3]);
  expect(captures.frames).toBe(3);
});

test("CaptureRate: lost frames do not change the interval, whenever the loss is noticed", () => {
  const captures = new CaptureRate();
  for (let frame = 0; frame < 90; frame += 3) {
    captures.add(1000 * frame);
    captures.addLost(1000 * frame + 2900); // both losses are reported with the next frame
    captures.addLost(1000 * frame + 2900);
  }
  expect(captures.intervalMicros).toBe(1000);
});

test("CaptureRate: an interruption is not part of an interval", () => {
  const captures = new CaptureRate();
  for (const at of [0, 1000, 2000]) captures.add(at);
  captures.addLost(2500);
  captures.interrupt();
  for (const at of [9_000_000, 9_001_000]) captures.add(at);
  expect(captures.intervalMicros).toBe(1000);
});
