// The clip of an event of motion: the seconds around it that the page asks the server for.

import { expect, test } from "bun:test";
import { clipAround } from "../../../src/browser/page/clip-span.ts";

const NOW = new Date(2026, 10, 29, 12).getTime();
const event = (startedAgo: number, movedAgo: number) => ({
  startMs: NOW - 1000 * startedAgo,
  movedMs: NOW - 1000 * movedAgo,
});

test("clipAround: a clip has 3 s before the motion and 3 s after it, or ends now", () => {
  expect(clipAround(event(30, 20), NOW)).toEqual({ seconds: 16, ago: 17 });
  expect(clipAround(event(10, 1), NOW)).toEqual({ seconds: 13, ago: 0 });
});

test("clipAround: a server refuses more than an hour and less than a second, so neither is asked for", () => {
  expect(clipAround(event(7_200, 0), NOW)).toEqual({ seconds: 3_600, ago: 0 });
  expect(clipAround(event(7_200, 600), NOW)).toEqual({ seconds: 3_600, ago: 597 });
  expect(clipAround(event(-60, -60), NOW)).toEqual({ seconds: 1, ago: 0 }); // the clock was set
});
