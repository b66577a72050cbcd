// The frames that are kept in memory: their pictures, their time and their bytes.

import { expect, test } from "bun:test";
import fc from "fast-check";
import { KeptPicture } from "../../../src/server/past/kept-picture.ts";
import { RecentFrames } from "../../../src/server/past/recent-frames.ts";
import { encodeTiles, startRendition, TILES } from "../../support/tiled-feed.ts";

const SECOND = 1_000_000;

interface Step {
  /** The tiles that are encoded, by their numbers. */
  tiles: number[];
  isRefresh: boolean;
  restarts: boolean;
  bytes: number;
}

/** The pictures of frames in which something has changed, by their capture times. */
function play(steps: readonly Step[], recent: RecentFrames, intervalMicros: number): Map<number, string> {
  const pictures = new Map<number, string>();
  const rendition = startRendition();
  for (const [index, { tiles, isRefresh, restarts, bytes }] of steps.entries()) {
    if (restarts && index > 0) startRendition(rendition);
    const frame = index + 1;
    const capturedAt = frame * intervalMicros;
    const isWhole = rendition.isNew;
    const encoded = isWhole ? [0, 1, 2, 3] : tiles;
    const hasChanged = isWhole || (encoded.length > 0 && !isRefresh);
    encodeTiles(rendition, { frame, capturedAt, tiles: encoded, bytes }, hasChanged);
    recent.take(rendition, capturedAt);
    if (hasChanged) pictures.set(capturedAt, digest(rendition.stitch()));
  }
  return pictures;
}

const digest = (bytes: Uint8Array | null) => Bun.hash(bytes ?? new Uint8Array()).toString(16);

/** The pictures of what is kept, by their capture times. */
function picturesOf(recent: RecentFrames, now: number): Map<number, string> {
  const [first, ...others] = recent.copy(now);
  if (first === undefined) return new Map();
  const picture = new KeptPicture(first);
  const pictures = new Map([[picture.facts.capturedAt, digest(picture.jpeg().bytes)]]);
  for (const frame of others) {
    picture.apply(frame);
    pictures.set(picture.facts.capturedAt, digest(picture.jpeg().bytes));
  }
  return pictures;
}

const anySteps = fc.array(
  fc.record({
    tiles: fc.uniqueArray(fc.nat(TILES - 1)).map((tiles) => tiles.toSorted((a, b) => a - b)),
    isRefresh: fc.boolean(),
    restarts: fc.nat(20).map((dice) => dice === 0),
    bytes: fc.integer({ min: 1, max: 40 }),
  }),
  { minLength: 1, maxLength: 60 },
);

test("RecentFrames: has exactly the pictures of the time that is kept, and the one that was seen at its beginning", () => {
  fc.assert(
    fc.property(anySteps, fc.integer({ min: 1, max: 70 }), (steps, kept) => {
      const recent = new RecentFrames({ micros: kept * SECOND, bytes: 1e9 });
      const all = [...play(steps, recent, SECOND)];
      const now = steps.length * SECOND;
      const start = now - kept * SECOND;
      const before = all.findLastIndex(([time]) => time <= start);
      expect([...picturesOf(recent, now)]).toEqual(all.slice(Math.max(0, before)));
      expect(recent.since(now)).toBe(Math.max(start, all[Math.max(0, before)]?.[0] ?? 0));
    }),
    { numRuns: 200 },
  );
});

test("RecentFrames: keeps the newest pictures if there are too many bytes", () => {
  fc.assert(
    fc.property(anySteps, fc.integer({ min: 1, max: 2000 }), (steps, bytes) => {
      const recent = new RecentFrames({ micros: 1e9, bytes });
      const all = [...play(steps, recent, SECOND)];
      const pictures = [...picturesOf(recent, steps.length * SECOND)];
      expect(pictures).toEqual(all.slice(-pictures.length));
      expect(pictures.length === 1 || recent.bytes <= bytes).toBe(true);
    }),
    { numRuns: 100 },
  );
});

test("RecentFrames: a copy stays as it is when further frames come", () => {
  const recent = new RecentFrames({ micros: 5 * SECOND, bytes: 1e9 });
  const steps = Array.from({ length: 8 }, (_, index) => ({
    ...{ tiles: [index % TILES], isRefresh: false, restarts: false, bytes: 20 },
  }));
  const pictures = play(steps, recent, SECOND);
  const copy = recent.copy(8 * SECOND);
  play(steps, recent, 100 * SECOND);
  const [first, ...others] = copy;
  if (first === undefined) throw new Error("nothing is kept");
  const picture = new KeptPicture(first);
  for (const frame of [first, ...others]) {
    if (frame !== first) picture.apply(frame);
    expect(digest(picture.jpeg().bytes)).toBe(pictures.get(frame.facts.capturedAt) ?? "");
  }
  expect(copy.length).toBe(6);
});

test("RecentFrames: an empty one has no pictures, and takes none of a feed without frames", () => {
  const recent = new RecentFrames({ micros: SECOND, bytes: 1e6 });
  recent.take(startRendition(), SECOND);
  expect(recent.copy(SECOND)).toEqual([]);
  expect(recent.since(SECOND)).toBeNull();
  expect(recent.bytes).toBe(0);
});

test("RecentFrames: after a pause the old frames leave a few at a time, and the pictures are right meanwhile", () => {
  const recent = new RecentFrames({ micros: 200 * SECOND, bytes: 1e9 });
  const steps = Array.from({ length: 200 }, (_, index) => ({
    ...{ tiles: [index % TILES], isRefresh: false, restarts: false, bytes: 20 },
  }));
  const pictures = play(steps, recent, SECOND);
  const last = [...pictures].at(-1);
  const now = 1000 * SECOND;
  const counts: number[] = [];
  for (let call = 0; call < 5; call++) {
    const kept = [...picturesOf(recent, now)];
    counts.push(kept.length);
    expect(kept.at(-1)).toEqual(last);
    expect(kept).toEqual([...pictures].slice(-kept.length));
    expect(recent.bytes).toBeGreaterThan(0);
  }
  expect(counts).toEqual([136, 72, 8, 1, 1]);
});
