// What viewers are told about motion while it goes on.

import { expect, test } from "bun:test";
import type { MotionEvent, MotionNow, ShareBox } from "../../../src/core/motion.ts";
import { MotionDetector } from "../../../src/server/motion/detector.ts";
import { LiveMotion } from "../../../src/server/motion/live-motion.ts";
import type { MotionGrid } from "../../../src/server/motion/motion-grid.ts";

const SECOND = 1_000_000;
const BOX: ShareBox = { x: 0, y: 0, width: 0.5, height: 0.5 };

const event = (number: number, phase: MotionEvent["phase"] = "update"): MotionEvent => ({
  ...{ phase, number, startedAt: 1, movedAt: 2, area: 0.1, height: { area: 0.2, at: 2 }, box: BOX, zones: [] },
});

/** A detector whose state a test sets, and what viewers have been told about it. */
function create() {
  const state: { seen: { event: MotionEvent; moving: ShareBox | null } | null } = { seen: null };
  const told: MotionNow[] = [];
  const live = new LiveMotion({ look: () => state.seen }, (motion) => told.push(motion));
  return { state, told, live };
}

test("LiveMotion: tells the start, each movement, once that nothing moves, and the end", () => {
  const { state, told, live } = create();
  live.look(0);
  expect(told).toEqual([]);
  state.seen = { event: event(1), moving: BOX };
  live.look(SECOND / 4);
  live.look(SECOND / 2);
  expect(told).toMatchObject([
    { phase: "start", number: 1, moving: BOX },
    { phase: "update", number: 1, moving: BOX },
  ]);
  state.seen = { event: event(1), moving: null };
  live.look(1.25 * SECOND);
  expect(told).toHaveLength(2); // a camera with few frames moves between them
  for (const seconds of [1.5, 3, 4]) live.look(seconds * SECOND);
  expect(told.slice(2)).toMatchObject([{ phase: "update", moving: null }]);
  state.seen = null;
  live.ended(event(1, "end"));
  live.look(5 * SECOND);
  live.look(6 * SECOND);
  expect(told.slice(3)).toEqual([{ ...event(1, "end"), moving: null }]);
});

test("LiveMotion: the next event replaces the end that waits, and a short event is told by its end", () => {
  const { state, told, live } = create();
  live.ended(event(1, "end"));
  state.seen = { event: event(2), moving: BOX };
  live.look(0);
  state.seen = null;
  live.ended(event(2, "end"));
  live.ended(event(3, "end"));
  live.look(SECOND);
  live.look(2 * SECOND);
  expect(told.map(({ phase, number }) => [phase, number])).toEqual([
    ["start", 2],
    ["end", 3],
  ]);
});

test("MotionDetector: look returns the box around what has moved since the call before", () => {
  const grid: MotionGrid = { columns: 10, lines: 45, width: 1280, height: 720, tileWidth: 128, tileHeight: 16 };
  const detector = new MotionDetector({ area: 0.005, forMicros: 0, quietMicros: SECOND, zones: [] }, () => undefined);
  const marks = new Uint8Array(450);
  let now = 0;
  const frames = (count: number, column: number | null) => {
    for (let frame = 0; frame < count; frame++) {
      marks.fill(0);
      if (column !== null) for (let line = 9; line < 18; line++) marks[10 * line + column] = 1;
      now += 33_333;
      detector.frame(now, grid, marks);
    }
  };
  frames(90, null);
  expect(detector.look()).toBeNull();
  frames(2, 1);
  expect(detector.look()?.moving).toEqual({ x: 0.1, y: 0.2, width: 0.1, height: 0.2 });
  expect(detector.look()).toMatchObject({ moving: null, event: { phase: "update", number: 1, area: 0 } });
  frames(2, 5);
  frames(2, 6);
  const seen = detector.look();
  expect(seen?.moving).toEqual({ x: 0.5, y: 0.2, width: 0.2, height: 0.2 });
  expect(seen?.event.box.x).toBe(0.1);
  expect(seen?.event.box.width).toBeCloseTo(0.6, 6);
  expect(seen?.event.area).toBeCloseTo(0.02, 6);
  frames(10, null);
  expect(detector.look()).toMatchObject({ moving: null });
  frames(40, null);
  expect(detector.look()).toBeNull();
});
