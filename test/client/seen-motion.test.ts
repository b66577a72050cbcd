// Motion in the clock of the viewer's machine, for programs and in the overlay.

import { expect, test } from "bun:test";
import { nowMicros } from "../../src/core/clock.ts";
import { describeSeenMotion, inOwnClock, reportSeenMotion } from "../../src/client/seen-motion.ts";
import type { Motion } from "../../src/protocol/motion.ts";

const HOUR = 3_600_000_000;
const BOX = { x: 0.123456, y: 0, width: 0.5, height: 0.25 };

/** A message of a server whose clock is one hour ahead. */
function message(): Motion {
  const sentAt = nowMicros() + HOUR;
  return {
    ...{ phase: "update", number: 3, sentAt, startedAt: sentAt - 5_200_000, movedAt: sentAt - 100_000 },
    ...{ area: 0.0213, height: { area: 0.05, at: sentAt - 1_000_000 }, box: BOX, moving: BOX, zones: ["path", "door"] },
  };
}

test("inOwnClock: converts times by the offset between the clocks, or by the time of sending while it is unknown", () => {
  const motion = message();
  const known = inOwnClock(motion, { known: true, toOwnClock: (at) => at - HOUR });
  expect(known.startedAt).toBe(motion.startedAt - HOUR);
  expect(known.movedAt).toBe(motion.movedAt - HOUR);
  expect(known.height).toEqual({ area: 0.05, at: motion.height.at - HOUR });
  expect(known).not.toHaveProperty("sentAt");
  const unknown = inOwnClock(motion, { known: false, toOwnClock: (at) => at });
  expect(unknown.movedAt - unknown.startedAt).toBe(5_100_000);
  expect(unknown.movedAt).toBeLessThanOrEqual(nowMicros() - 100_000);
  expect(unknown.movedAt).toBeGreaterThanOrEqual(motion.movedAt - HOUR);
});

test("reportSeenMotion: has the fields of serve --json, and the box around what moves now", () => {
  const motion = inOwnClock(message(), { known: true, toOwnClock: (at) => at - HOUR });
  const report = reportSeenMotion("door", motion);
  const box = { ...BOX, x: 0.1235 };
  expect(report).toMatchObject({ event: "motion", phase: "update", camera: "door", number: 3, area: 0.0213 });
  expect(report).toMatchObject({ box, moving: box, zones: ["path", "door"] });
  expect(Date.parse(report.moved) - Date.parse(report.start)).toBe(5_100);
  expect(reportSeenMotion("door", { ...motion, moving: null }).moving).toBeNull();
});

test("describeSeenMotion: is one short line", () => {
  const motion = inOwnClock(message(), { known: true, toOwnClock: (at) => at - HOUR });
  expect(describeSeenMotion(motion)).toBe("motion 3  5 s  2.1 %  path, door");
  expect(describeSeenMotion({ ...motion, zones: [] })).toBe("motion 3  5 s  2.1 %");
});
