// The gate of a recording of motion: which pictures it lets through, and what it holds.

import { expect, test } from "bun:test";
import fc from "fast-check";
import type { MotionEvent } from "../../../src/core/motion.ts";
import { MotionDetector, type MotionSettings } from "../../../src/server/motion/detector.ts";
import { type GateSettings, MotionGate } from "../../../src/server/record/motion-gate.ts";
import { PictureFeed } from "../../../src/server/renditions/feed.ts";
import { resolveServeOptions } from "../../../src/server/settings/resolve.ts";
import { pictureOf } from "../../support/encoded-pictures.ts";
import { encodeTiles, startRendition, TILES } from "../../support/tiled-feed.ts";

const SECOND = 1_000_000;
const AROUND = { beforeMicros: 2 * SECOND, afterMicros: 3 * SECOND, lateMicros: SECOND };

/** A camera that delivers pictures to a gate. */
class Camera {
  readonly #gate: MotionGate;
  readonly #feed = new PictureFeed({ source: { framesPerSecond: 30 }, codec: "test", quality: 75 });
  #frameNumber = 0;

  constructor(gate: MotionGate) {
    this.#gate = gate;
  }

  /** Returns the number of pictures that the gate loses. */
  deliver(capturedAt: number, bytes = 100, now = capturedAt): number {
    const times = { frameNumber: ++this.#frameNumber, capturedAt, encodedAt: capturedAt };
    const facts = { ...times, width: 64, height: 48, isPassedOn: false };
    this.#feed.publish(pictureOf(facts, new Uint8Array(bytes)));
    return this.#gate.hold(this.#feed, now);
  }
}

function event(phase: MotionEvent["phase"], startedAt: number, movedAt: number): MotionEvent {
  const box = { x: 0, y: 0, width: 1, height: 1 };
  return { phase, number: 1, startedAt, movedAt, area: 0.1, height: { area: 0.1, at: movedAt }, box, zones: [] };
}

/** Takes all pictures that the gate lets through. */
function takeAll(gate: MotionGate): number[] {
  const times: number[] = [];
  for (let next = gate.take(); next !== null; next = gate.take()) {
    if (next !== "too old") times.push(next.capturedAt);
  }
  return times;
}

test("MotionGate: lets through exactly the pictures of events and of the seconds around them, in order, once", () => {
  const pause = fc.integer({ min: 1, max: 8 * SECOND });
  const anyEvents = fc.array(fc.record({ pause, length: fc.integer({ min: 0, max: 4 * SECOND }) }), { maxLength: 4 });
  fc.assert(
    fc.property(
      anyEvents,
      fc.integer({ min: 20_000, max: 700_000 }),
      fc.integer({ min: 0, max: SECOND }),
      (list, interval, late) => {
        let at = 5 * SECOND;
        const events = list.map(({ pause: before, length }) => {
          const from = at + late + before + 1;
          at = from + length;
          return { from, to: at };
        });
        const gate = new MotionGate(AROUND);
        const camera = new Camera(gate);
        const got: number[] = [];
        const all: number[] = [];
        const calls = events.flatMap(({ from, to }) => [
          // An event is known up to a second after its beginning.
          { time: from + late, call: () => gate.motion(event("start", from, from + late), from + late) },
          { time: to + late, call: () => gate.motion(event("end", from, to), to + late) },
        ]);
        for (let now = 0; now < at + 10 * SECOND; now += interval) {
          for (; calls[0] !== undefined && calls[0].time <= now; calls.shift()) {
            calls[0].call();
            got.push(...takeAll(gate));
          }
          camera.deliver(now);
          all.push(now);
          got.push(...takeAll(gate));
        }
        const isWanted = (time: number) =>
          events.some(({ from, to }) => time >= from - AROUND.beforeMicros && time < to + AROUND.afterMicros);
        const wanted = all.filter(isWanted);
        expect(got.filter((time) => all.includes(time) && isWanted(time))).toEqual(wanted);
        expect(got).toEqual(got.toSorted((a, b) => a - b));
        // Others are pictures that were still seen at the beginning of a recording, with the time of that beginning.
        const others = got.filter((time) => !wanted.includes(time));
        expect(others.length).toBeLessThanOrEqual(events.length);
        for (const time of others) expect(events.map(({ from }) => from - AROUND.beforeMicros)).toContain(time);
      },
    ),
    { numRuns: 200 },
  );
});

test("MotionGate: the picture of a still scene is there from the beginning of the recording", () => {
  const gate = new MotionGate(AROUND);
  new Camera(gate).deliver(0);
  gate.motion(event("start", 60 * SECOND, 60 * SECOND), 60 * SECOND);
  expect(takeAll(gate)).toEqual([58 * SECOND]);
});

test("MotionGate: the last picture of a recording also begins the next one, if nothing has changed between them", () => {
  const gate = new MotionGate(AROUND);
  new Camera(gate).deliver(9 * SECOND);
  gate.motion(event("start", 10 * SECOND, 10 * SECOND), 10 * SECOND);
  gate.motion(event("end", 10 * SECOND, 10 * SECOND), 10 * SECOND);
  expect(takeAll(gate)).toEqual([9 * SECOND]);
  expect(gate.isOpen(13 * SECOND)).toBe(false);
  gate.motion(event("start", 60 * SECOND, 60 * SECOND), 60 * SECOND);
  expect(takeAll(gate)).toEqual([58 * SECOND]);
});

test("MotionGate: a picture that comes after the end of a recording is not part of it", () => {
  const gate = new MotionGate(AROUND);
  const camera = new Camera(gate);
  camera.deliver(9 * SECOND);
  gate.motion(event("start", 10 * SECOND, 10 * SECOND), 10 * SECOND);
  gate.motion(event("end", 10 * SECOND, 10 * SECOND), 10 * SECOND);
  camera.deliver(12 * SECOND, 100, 12 * SECOND);
  // Its pictures are let through after its end, too, if they came before.
  expect(gate.isOpen(14 * SECOND)).toBe(true);
  expect(takeAll(gate)).toEqual([9 * SECOND, 12 * SECOND]);
  expect(gate.isOpen(14 * SECOND)).toBe(false);
  camera.deliver(12 * SECOND + 1, 100, 14 * SECOND);
  expect(takeAll(gate)).toEqual([]);
  expect(gate.isOpen(14 * SECOND)).toBe(false);
});

test("MotionGate: pictures of tiles are whole, and take the memory of their changes", () => {
  const gate = new MotionGate({ ...AROUND, beforeMicros: 300 * SECOND });
  const rendition = startRendition();
  const pictures: string[] = [];
  const digest = (bytes: Uint8Array | null) => Bun.hash(bytes ?? new Uint8Array()).toString(16);
  const frames = 600;
  const bytes = 2 ** 18; // all pictures together have 600 MiB, and their changes 150 MiB
  for (let index = 0; index < frames; index++) {
    if (index === 500) startRendition(rendition);
    const tiles = rendition.isNew ? [0, 1, 2, 3] : [index % TILES];
    const capturedAt = (index * SECOND) / 10;
    encodeTiles(rendition, { frame: index + 1, capturedAt, tiles, bytes });
    expect(gate.hold(rendition, capturedAt)).toBe(0);
    pictures.push(digest(rendition.stitch()));
  }
  gate.motion(event("start", 60 * SECOND, 60 * SECOND), 60 * SECOND);
  const got: string[] = [];
  for (let next = gate.take(); next !== null; next = gate.take()) if (next !== "too old") got.push(digest(next.bytes));
  expect(got.length).toBeGreaterThan(64 * 3);
  expect(got).toEqual(pictures.slice(-got.length));
});

test("MotionGate: holds 64 MiB at most, and tells what an open gate has lost", () => {
  const gate = new MotionGate(AROUND);
  const camera = new Camera(gate);
  const large = 2 ** 20;
  for (let index = 0; index < 100; index++) expect(camera.deliver(index, large)).toBe(0);
  gate.motion(event("start", 100, 100), 100);
  expect(gate.take()).toMatchObject({ capturedAt: 100 - 64 });
  const lost = Array.from({ length: 10 }, (_, index) => camera.deliver(101 + index, large));
  expect(lost.reduce((sum, each) => sum + each, 0)).toBe(9);
});

test("MotionGate: the seconds before an event are whole although its motion has breaks", () => {
  const record = { folder: "/recordings", when: "motion", beforeSeconds: 1 } as const;
  const [camera] = resolveServeOptions({ cameras: [{ source: "pattern", motion: {}, record }] }).cameras;
  const gate = new MotionGate(camera?.record?.aroundMotion as GateSettings);
  const delivering = new Camera(gate);
  const starts: MotionEvent[] = [];
  const detector = new MotionDetector(camera?.motion as MotionSettings, (told) => {
    if (told.phase === "start") starts.push(told);
    gate.motion(told, told.movedAt);
  });
  const grid = { columns: 10, lines: 45, width: 1280, height: 720, tileWidth: 128, tileHeight: 16 };
  const frameMicros = 33_333;
  for (let frame = 0; frame < 300 && starts.length === 0; frame++) {
    const marks = new Uint8Array(450);
    marks[449] = 1; // a little noise, so that no picture counts as a repeated one
    const moves = frame > 150 && frame % 10 < 6;
    for (let line = 5; moves && line < 15; line++) marks[10 * line + 5] = 1;
    delivering.deliver(frame * frameMicros);
    detector.frame(frame * frameMicros, grid, marks);
  }
  const [start] = starts as [MotionEvent];
  expect(start.movedAt - start.startedAt).toBeGreaterThan(600_000);
  // The picture at the beginning of the second gets the time of the beginning.
  expect(takeAll(gate)[0]).toBe(start.startedAt - SECOND);
});
