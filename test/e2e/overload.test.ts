// A source that is faster than the machine, between two pipes: the newest frame wins, and none queues.

import { expect, setDefaultTimeout, test } from "bun:test";
import { runPiped } from "../../bench/overload/piped-run.ts";

setDefaultTimeout(60_000);

const SIZE = { width: 640, height: 360 };
/**
 * The most frames that may be on their way at a time: one is being written, read, encoded, sent, decoded and written again, and one
 * waits for most of these steps.
 */
const MOST_ON_THE_WAY = 10;

test.skipIf(process.platform !== "linux")("overload: a flooded standard input makes no frame old", async () => {
  const run = await runPiped({ size: SIZE, fps: 0, warmUpSeconds: 1, seconds: 2 });
  expect(run).toMatchObject({ unreadable: 0, outOfOrder: 0 });
  expect(run.frames).toBeGreaterThan(20);
  const framesOnTheWay = (run.ageMs.p50 * run.fps) / 1000;
  expect(framesOnTheWay).toBeLessThan(MOST_ON_THE_WAY);
});
