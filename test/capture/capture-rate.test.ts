// What a source has captured: numbers, and the time between frames, lost ones included.

import { expect, test } from "bun:test";
import { CaptureRate } from "../../src/capture/capture-rate.ts";

test("frames are numbered from 1, lost ones included", () => {
  const count = new CaptureRate();
  expect([count.frames, count.intervalMicros]).toEqual([0, 0]);
  expect([count.add(1000), count.addLost(2500), count.add(3000)]).toEqual([1, 2, 3]);
  expect(count.frames).toBe(3);
});

test("the interval is the source's, however many of its frames are lost, and whenever that is noticed", () => {
  const count = new CaptureRate();
  for (let frame = 0; frame < 90; frame += 3) {
    count.add(1000 * frame);
    count.addLost(1000 * frame + 2900); // both are noticed when the next one comes
    count.addLost(1000 * frame + 2900);
  }
  expect(count.intervalMicros).toBe(1000);
});

test("while it is stopped no time passes", () => {
  const count = new CaptureRate();
  for (const at of [0, 1000, 2000]) count.add(at);
  count.addLost(2500);
  count.interrupt();
  for (const at of [9_000_000, 9_001_000]) count.add(at);
  expect(count.intervalMicros).toBe(1000);
});
