// The delay of the event loop: the part by which a timer comes late, even while this thread is busy.

import { expect, test } from "bun:test";
import { LoopDelay } from "../../src/core/loop-delay.ts";
import { until } from "../support/wait-until.ts";

const SAMPLE_MS = 20;
const BUSY_MS = 200;

test("LoopDelay: a tick that is late counts with its delay, and one in time counts as nothing", () => {
  const recorded: number[] = [];
  using loop = new LoopDelay({ record: (micros) => recorded.push(micros) }, SAMPLE_MS);
  for (const ms of [0, 20, 90, 109]) loop.tick(ms * 1000);
  expect(recorded).toEqual([0, 50_000, -1000]);
  expect(loop.delays.count).toBe(3);
  expect(loop.delays.percentileMs(50)).toBe(0);
  expect(loop.delays.summary().max).toBe(50);
});

test("LoopDelay: a thread that is busy is late by that time, and no more is recorded after the end", async () => {
  const loop = new LoopDelay(null, SAMPLE_MS);
  await until(() => loop.delays.count > 0, "the first sample");
  const startedAt = performance.now();
  while (performance.now() - startedAt < BUSY_MS);
  const before = loop.delays.count;
  await until(() => loop.delays.count > before, "a sample after the busy time");
  expect(loop.delays.summary().max).toBeGreaterThanOrEqual(BUSY_MS - SAMPLE_MS);
  loop[Symbol.dispose]();
  const { count } = loop.delays;
  await Bun.sleep(3 * SAMPLE_MS);
  expect(loop.delays.count).toBe(count);
});
