// The motion detector: what is an event and what is none, as rules over generated scenes.

import { expect, test } from "bun:test";
import fc from "fast-check";
import type { MotionEvent } from "../../../src/core/motion.ts";
import { MotionDetector, type MotionSettings } from "../../../src/server/motion/detector.ts";
import type { MotionGrid } from "../../../src/server/motion/motion-grid.ts";
import { randomSequence } from "../../support/generated-pictures.ts";

const FRAME = 33_333;
const SECOND = 1_000_000;
const GRID: MotionGrid = { columns: 10, lines: 45, width: 1280, height: 720, tileWidth: 128, tileHeight: 16 };
const TILES = GRID.columns * GRID.lines;
const SETTINGS: MotionSettings = { area: 0.005, forMicros: 300_000, quietMicros: 5 * SECOND, zones: [] };

/** A scene: a function that marks the changed tiles of the frame with a number. */
type Scene = (marks: Uint8Array, frame: number) => void;

/** Runs a detector over some seconds of a still picture and then over scenes. */
function run(scenes: readonly { frames: number; scene: Scene }[], settings: Partial<MotionSettings> = {}) {
  const events: MotionEvent[] = [];
  const detector = new MotionDetector({ ...SETTINGS, ...settings }, (event) => events.push(event));
  const marks = new Uint8Array(TILES);
  let now = 0;
  const frame = (scene: Scene, index: number) => {
    marks.fill(0);
    scene(marks, index);
    now += FRAME;
    detector.frame(now, GRID, marks);
  };
  for (let index = 0; index < 90; index++) frame(() => undefined, index);
  const begins: number[] = [];
  for (const { frames, scene } of scenes) {
    begins.push(now);
    for (let index = 0; index < frames; index++) frame(scene, index);
  }
  return { events, begins, detector, now };
}

/** Marks a rectangle of tiles. */
function mark(marks: Uint8Array, left: number, top: number, columns: number, lines: number): void {
  for (let y = top; y < Math.min(GRID.lines, top + lines); y++)
    for (let x = left; x < Math.min(GRID.columns, left + columns); x++) marks[y * GRID.columns + x] = 1;
}

/** A number up to a limit. fc.double would nearly always be close to 0. */
const share = (most: number) => fc.integer({ min: 0, max: 1000 }).map((thousandths) => (most * thousandths) / 1000);

const still: Scene = () => undefined;
const phases = (events: readonly MotionEvent[]) =>
  events.map(({ phase }) => phase).filter((phase) => phase !== "update");

/** Objects with up to so many lines touch less than half of the cells, so their box is exact. */
const EXACT_LINES = 12;
/** Objects of a size that must not be missed: from 0.7 % of the picture to an eighth of it. */
const anyObject = fc.record({
  left: fc.integer({ min: 0, max: GRID.columns - 1 }),
  top: fc.integer({ min: 0, max: GRID.lines - 15 }),
  columns: fc.integer({ min: 1, max: 4 }),
  lines: fc.integer({ min: 3, max: 15 }),
});

test("MotionDetector: an object is an event within 2 frames after `for`, with its box, and ends after `quiet`", () => {
  fc.assert(
    fc.property(anyObject, fc.integer({ min: 12, max: 100 }), ({ left, top, columns, lines }, frames) => {
      const object: Scene = (marks) => mark(marks, left, top, columns, lines);
      const { events, begins } = run([
        { frames, scene: object },
        { frames: 200, scene: still },
      ]);
      expect(phases(events)).toEqual(["start", "end"]);
      const [start] = events as [MotionEvent];
      const end = events.at(-1) as MotionEvent;
      const [began = 0] = begins;
      expect(start.startedAt).toBe(began + FRAME);
      expect(start.movedAt - start.startedAt).toBeLessThanOrEqual(SETTINGS.forMicros + 2 * FRAME);
      expect(end.movedAt).toBe(began + frames * FRAME);
      expect(end.area).toBe(0);
      if (lines > EXACT_LINES) return;
      expect(end.box.x).toBeCloseTo(left / 10, 9);
      expect(end.box.y).toBeCloseTo(top / 45, 9);
      expect(end.box.width).toBeCloseTo(Math.min(columns, 10 - left) / 10, 9);
      expect(end.box.height).toBeCloseTo(lines / 45, 9);
      expect(end.height.area).toBeCloseTo((Math.min(columns, 10 - left) * lines) / TILES, 6);
    }),
    { numRuns: 50 },
  );
});

test("MotionDetector: a camera that sends each picture several times does not hide motion", () => {
  fc.assert(
    fc.property(anyObject, fc.integer({ min: 2, max: 4 }), (object, times) => {
      const scene: Scene = (marks, frame) => {
        if (frame % times === 0) mark(marks, object.left, object.top, object.columns, object.lines);
      };
      const { events, begins } = run([
        { frames: 10 * times, scene },
        { frames: 200, scene: still },
      ]);
      expect(phases(events)).toEqual(["start", "end"]);
      const [start] = events as [MotionEvent];
      expect(start.startedAt).toBe((begins[0] as number) + FRAME);
      expect(start.movedAt - start.startedAt).toBeLessThanOrEqual(SETTINGS.forMicros + times * FRAME);
    }),
    { numRuns: 30 },
  );
});

test("MotionDetector: motion that is shorter than `for`, or smaller than the area, is no event", () => {
  fc.assert(
    fc.property(anyObject, fc.integer({ min: 1, max: 8 }), ({ left, top, columns, lines }, frames) => {
      const object: Scene = (marks) => mark(marks, left, top, columns, lines);
      expect(
        run([
          { frames, scene: object },
          { frames: 60, scene: still },
        ]).events,
      ).toEqual([]);
      expect(run([{ frames: 60, scene: object }], { area: 0.4 }).events).toEqual([]);
    }),
    { numRuns: 50 },
  );
});

test("MotionDetector: noise that is the same everywhere is no event, however many tiles change", () => {
  fc.assert(
    fc.property(share(1), fc.nat(), (probability, seed) => {
      const random = randomSequence(seed);
      const noise: Scene = (marks) => {
        for (let tile = 0; tile < TILES; tile++) if (random() < probability) marks[tile] = 1;
      };
      expect(run([{ frames: 900, scene: noise }]).events).toEqual([]);
    }),
    { numRuns: 40 },
  );
});

/** Returns the number of events in two minutes of noise in a picture of a few tiles, which are compared five times a second. */
function eventsInSmallNoise([probability, seed]: readonly [number, number]): number {
  const small: MotionGrid = { columns: 3, lines: 18, width: 384, height: 288, tileWidth: 128, tileHeight: 16 };
  const random = randomSequence(seed);
  const detector = new MotionDetector(SETTINGS, () => undefined);
  const marks = new Uint8Array(54);
  for (let frame = 0; frame < 5 * 120; frame++) {
    for (let tile = 0; tile < marks.length; tile++) marks[tile] = random() < probability ? 1 : 0;
    detector.frame(frame * 200_000, small, marks);
  }
  return detector.events;
}

const smallNoise = fc.tuple(share(0.4), fc.nat());

test("MotionDetector: two hours of noise that are the same in each run are no event in a picture of a few tiles", () => {
  fc.assert(
    fc.property(smallNoise, (noise) => expect(eventsInSmallNoise(noise)).toBe(0)),
    { seed: 1, numRuns: 60 },
  );
});

test("MotionDetector: in a picture of a few tiles, noise is an event less than once in an hour", () => {
  fc.assert(
    fc.property(fc.noBias(fc.array(smallNoise, { minLength: 180, maxLength: 180 })), (noises) => {
      const events = noises.reduce((sum, noise) => sum + eventsInSmallNoise(noise), 0);
      // Noise that lasts long enough looks like anything: there is an event in about fifteen hours. These are six hours.
      expect(events).toBeLessThan(6);
    }),
    { numRuns: 1, endOnFailure: true },
  );
});

/** Returns the frames from the appearance of an object in noise until its event, without `for`, or null if there is not just one event. */
function framesUntilEvent(
  object: { left: number; top: number; columns: number; lines: number },
  probability: number,
  seed: number,
): number | null {
  const random = randomSequence(seed);
  const scene: Scene = (marks) => {
    for (let tile = 0; tile < TILES; tile++) if (random() < probability) marks[tile] = 1;
    mark(marks, object.left, object.top, object.columns, object.lines + 5);
  };
  const { events, begins } = run([{ frames: 30, scene }]);
  const [start] = events;
  if (phases(events).join() !== "start" || start === undefined) return null;
  return Math.round((start.movedAt - (begins[0] as number) - SETTINGS.forMicros) / FRAME);
}

test("MotionDetector: an object in light noise is an event", () => {
  fc.assert(
    fc.property(anyObject, share(0.01), fc.nat(), (object, probability, seed) => {
      const frames = framesUntilEvent(object, probability, seed);
      expect(frames).not.toBeNull();
      expect(frames).toBeLessThanOrEqual(12);
    }),
    { numRuns: 50 },
  );
});

test("MotionDetector: nearly all objects in more noise are events within 5 frames after `for`", () => {
  const scene = fc.tuple(anyObject, share(0.03), fc.nat());
  fc.assert(
    fc.property(fc.noBias(fc.array(scene, { minLength: 100, maxLength: 100 })), (scenes) => {
      const late = scenes.filter((each) => (framesUntilEvent(...each) ?? Number.POSITIVE_INFINITY) > 5);
      // One of about 300 is later, or missed: the noise around a small object between two cells is as large as its part in each.
      expect(late.length).toBeLessThanOrEqual(3);
    }),
    { numRuns: 1, endOnFailure: true },
  );
});

test("MotionDetector: a light that is switched is no event, also if it reaches only a part of the picture", () => {
  fc.assert(
    fc.property(fc.integer({ min: 13, max: 45 }), fc.integer({ min: 1, max: 30 }), (lines, frames) => {
      const light: Scene = (marks) => mark(marks, 0, 0, GRID.columns, lines);
      const { events } = run([
        { frames, scene: light },
        { frames: 60, scene: still },
        { frames, scene: light },
      ]);
      expect(events).toEqual([]);
    }),
    { numRuns: 50 },
  );
});

test("MotionDetector: a light step in an event does not end it, and an object after a light step is an event", () => {
  const object: Scene = (marks, frame) => mark(marks, frame % 6, 10, 2, 6);
  const { events } = run([
    { frames: 20, scene: object },
    { frames: 1, scene: (marks) => marks.fill(1) },
    { frames: 60, scene: object },
  ]);
  expect(phases(events)).toEqual(["start"]);
  const after = run([
    { frames: 1, scene: (marks) => marks.fill(1) },
    { frames: 60, scene: object },
  ]);
  expect(phases(after.events)).toEqual(["start"]);
});

test("MotionDetector: what changes at the start of a camera, or after a pause of the source, is no event", () => {
  const events: MotionEvent[] = [];
  const detector = new MotionDetector(SETTINGS, (event) => events.push(event));
  const marks = new Uint8Array(TILES);
  mark(marks, 2, 2, 2, 8);
  const begin = (at: number) => {
    for (let frame = 0; frame < 55; frame++) detector.frame(at + frame * FRAME, GRID, marks);
  };
  begin(SECOND);
  expect(events).toEqual([]);
  begin(60 * SECOND);
  expect(events).toEqual([]);
});

test("MotionDetector: tiles that flicker are learnt, left out, and count again after they were calm", () => {
  const flicker: Scene = (marks) => mark(marks, 1, 5, 2, 4);
  const elsewhere: Scene = (marks, frame) => {
    flicker(marks, frame);
    mark(marks, 6, 30, 2, 4);
  };
  const { events, detector } = run([
    { frames: 30 * 180, scene: flicker },
    { frames: 30, scene: elsewhere },
  ]);
  expect(phases(events)).toEqual(["start", "end", "start"]);
  expect(detector.leftOut).toBeCloseTo(8 / TILES, 6);
  expect(events.at(-1)?.box).toEqual({ x: 0.6, y: 30 / 45, width: 0.2, height: 4 / 45 });
  const calm = run([
    { frames: 30 * 180, scene: flicker },
    { frames: 30 * 240, scene: still },
    { frames: 30, scene: flicker },
  ]);
  expect(phases(calm.events)).toEqual(["start", "end", "start"]);
});

test("MotionDetector: only watched zones count, and ignored zones do not", () => {
  const square = (x: number, y: number): [number, number][] => [
    [x, y],
    [x + 0.2, y],
    [x + 0.2, y + 0.2],
    [x, y + 0.2],
  ];
  const door = { name: "door", isWatched: true, polygon: square(0.2, 0.2) };
  const tree = { name: "tree", isWatched: false, polygon: square(0.2, 0.2) };
  const inside: Scene = (marks) => mark(marks, 2, 10, 2, 4);
  const outside: Scene = (marks) => mark(marks, 7, 30, 2, 4);
  const alarms = (scene: Scene, zones: MotionSettings["zones"]) =>
    run([{ frames: 30, scene }], { zones }).events.map((event) => event.zones);
  expect(alarms(inside, [door])).toEqual([["door"]]);
  expect(alarms(outside, [door])).toEqual([]);
  expect(alarms(inside, [tree])).toEqual([]);
  expect(alarms(outside, [tree])).toEqual([[]]);
  expect(alarms(inside, [door, tree])).toEqual([]);
});

test("MotionDetector: events have their phases in order, and areas and boxes within the picture", () => {
  const anyScenes = fc.array(
    fc.record({
      frames: fc.integer({ min: 1, max: 300 }),
      density: share(1),
      object: anyObject,
    }),
    { minLength: 1, maxLength: 6 },
  );
  fc.assert(
    fc.property(anyScenes, fc.nat(), (list, seed) => {
      const random = randomSequence(seed);
      const { events, detector, now } = run(
        list.map(({ frames, density, object }) => ({
          frames,
          scene: (marks) => {
            for (let y = object.top; y < object.top + object.lines; y++)
              for (let x = object.left; x < Math.min(10, object.left + object.columns); x++)
                if (random() < density) marks[y * GRID.columns + x] = 1;
          },
        })),
      );
      detector.pass(now + 10 * SECOND);
      let number = 0;
      let isOpen = false;
      for (const { phase, number: ofEvent, startedAt, movedAt, area, height, box } of events) {
        expect(isOpen).toBe(phase !== "start");
        isOpen = phase !== "end";
        if (phase === "start") number++;
        expect(ofEvent).toBe(number);
        expect(startedAt).toBeLessThanOrEqual(movedAt);
        expect(height.area).toBeGreaterThanOrEqual(area);
        expect(height.area).toBeLessThanOrEqual(1.000001);
        expect(box.x + box.width).toBeLessThanOrEqual(1.000001);
        expect(box.y + box.height).toBeLessThanOrEqual(1.000001);
      }
      expect(isOpen).toBe(false);
      expect(detector.isMoving).toBe(false);
    }),
    { numRuns: 30 },
  );
});

test("MotionDetector: another size of the picture ends the event, and begins like a camera's start", () => {
  const object: Scene = (marks) => mark(marks, 2, 10, 2, 6);
  const { events, detector, now } = run([{ frames: 30, scene: object }]);
  const small: MotionGrid = { columns: 5, lines: 23, width: 640, height: 360, tileWidth: 128, tileHeight: 16 };
  detector.frame(now + FRAME, small, new Uint8Array(115).fill(1));
  expect(phases(events)).toEqual(["start", "end"]);
});
