// The tile scheduler with real threads: a committed frame equals the same frame encoded as a whole.

import { afterAll, beforeAll, expect, test } from "bun:test";
import fc from "fast-check";
import { loadTileEncoder } from "../../../src/codec/simd/tile-encoder.ts";
import { PIXEL_FORMATS, SAMPLINGS } from "../../../src/core/pixel-format.ts";
import type { Level } from "../../../src/server/renditions/ladder.ts";
import type { Rendition } from "../../../src/server/renditions/rendition.ts";
import { djpeg } from "../../support/jpeg-tools.ts";
import { RecordedTrace } from "../../support/recorded-trace.ts";
import { randomPixels } from "../../support/random-pictures.ts";
import { randomSequence } from "../../support/generated-pictures.ts";
import {
  type Frame,
  missingTiles,
  EncodeFixture,
  randomFrame,
  sameBytes,
  Threads,
  WholeEncoder,
} from "../../support/tile-scheduler-fixture.ts";

const FULL: Level = { halvings: 0, quality: 80 };
const THIN: Level = { halvings: 0, quality: 30 };
const HALF: Level = { halvings: 1, quality: 64 };
const QUARTER: Level = { halvings: 2, quality: 90 };
const LEVELS = [FULL, THIN, HALF, QUARTER];
/** One slot for the reference, one for the frame that is encoded, and three more. */
const SLOTS = 5;

let threads: Threads;
/** Threads, and a kernel with which the main thread encodes small frames itself. */
let withOwn: Threads;
let whole: WholeEncoder;
beforeAll(async () => {
  threads = new Threads(2);
  withOwn = new Threads(2, (arena, pool) => loadTileEncoder(arena, pool.wasm));
  whole = await WholeEncoder.load();
  await Promise.all([threads.pool.started, withOwn.pool.started]);
});
afterAll(() => Promise.all([threads.pool.close(), withOwn.pool.close()]));

/** The frame, in which a share of the bytes from `from` on is replaced. */
function altered(frame: Frame, from: number, share: number, seed: number): Frame {
  const pixels = frame.pixels.slice();
  const first = Math.floor(from * pixels.length);
  pixels.set(randomPixels(Math.floor(share * (pixels.length - first)), seed), first);
  return { ...frame, pixels };
}

const size = fc.record({ width: fc.integer({ min: 1, max: 420 }), height: fc.integer({ min: 1, max: 260 }) });
const step = fc.record({
  from: fc.constantFrom(0, 0.3, 0.9),
  share: fc.constantFrom(0, 0.01, 0.2, 1),
  level: fc.constantFrom(...LEVELS),
  leaves: fc.boolean(),
});
const scene = fc.record({
  format: fc.constantFrom(...PIXEL_FORMATS),
  size,
  seed: fc.nat(),
  steps: fc.array(step, { minLength: 1, maxLength: 5 }),
});

test.each([
  ["TileScheduler: exact renditions equal the frame encoded whole, whatever has changed", 0, false],
  ["TileScheduler: exact renditions equal the frame encoded whole, even if the main thread encodes", 0, true],
  ["TileScheduler: without change detection every frame has all tiles", null, false],
])("%s", async (_, noise, hasOwn) => {
  const scenes = fc.record({
    noise: fc.constant(noise),
    sampling: fc.constantFrom(...SAMPLINGS),
    list: fc.array(scene, { minLength: 1, maxLength: 3 }),
  });
  await fc.assert(
    fc.asyncProperty(scenes, async ({ sampling, list }) => {
      const fixture = new EncodeFixture(hasOwn ? withOwn : threads, noise, sampling);
      const users = new Map<Level, Rendition>([[FULL, fixture.want(FULL)]]);
      let frame: Frame | null = null;
      for (const { format, size: itsSize, seed, steps } of list) {
        frame = randomFrame(seed, itsSize, format);
        for (const [index, { level, leaves, from, share }] of steps.entries()) {
          const user = users.get(level);
          if (user === undefined) users.set(level, fixture.want(level));
          else if (leaves && users.size > 1) {
            users.delete(level);
            fixture.renditions.release(user);
          }
          frame = altered(frame, from, share, seed + index);
          await fixture.encode(frame);
          const since = fixture.captures.frames - 1;
          // A new rendition may lack this frame, because its tables were not ready.
          for (const rendition of users.values()) {
            if (rendition.newestFrame <= since) continue;
            whole.expectTiles(rendition, frame, { sampling });
            if (noise === null) expect(missingTiles(rendition, since).length).toBe(missingTiles(rendition, 0).length);
          }
        }
      }
      await fixture.encodeForAll(frame as Frame);
      for (const rendition of users.values()) {
        whole.expectTiles(rendition, frame as Frame, { sampling });
      }
      expect(fixture.events.filter((event) => event.startsWith("aborted"))).toEqual([]);
      expect(fixture.freeSlots(frame as Frame)).toBe(SLOTS - 1);
    }),
    { numRuns: 40, includeErrorInReport: true },
  );
});

test("TileScheduler: djpeg reads the stitched pictures of all sizes", async () => {
  const fixture = new EncodeFixture(threads, 0);
  const renditions = LEVELS.map((level) => fixture.want(level));
  const frame = randomFrame(5, { width: 333, height: 187 }, "yuyv422");
  await fixture.encodeForAll(frame);
  const sizes = renditions.map((rendition) => djpeg(rendition.stitch() as Uint8Array));
  expect(sizes.map(({ width, height }) => `${width}x${height}`)).toEqual(["333x187", "333x187", "167x94", "84x47"]);
});

test.each([
  ["rgb24", "420", "2hx2v"],
  ["rgb24", "444", "1hx1v"],
  ["rgba", "444", "1hx1v"],
  ["yuv420p", "444", "2hx2v"],
  ["yuyv422", "444", "2hx1v"],
] as const)(
  "TileScheduler: %s with --sampling %s has the sampling %s in all sizes, according to djpeg",
  async (format, sampling, luma) => {
    const fixture = new EncodeFixture(threads, 0, sampling);
    const renditions = LEVELS.map((level) => fixture.want(level));
    await fixture.encodeForAll(randomFrame(6, { width: 333, height: 187 }, format));
    for (const rendition of renditions) {
      const { stderr } = Bun.spawnSync(["djpeg", "-verbose", "-verbose"], { stdin: rendition.stitch() as Uint8Array });
      expect(/Component 1: (\dhx\dv)/.exec(stderr.toString())?.[1]).toBe(luma);
    }
  },
);

test("TileScheduler: with a noise bound of 0 an unchanged picture is sent without tiles", async () => {
  const fixture = new EncodeFixture(threads, 0);
  const rendition = fixture.want(FULL);
  const frame = randomFrame(1, { width: 640, height: 360 }, "rgb24");
  await fixture.encode(frame);
  for (let seconds = 0; seconds < 20; seconds += 0.4) {
    await fixture.encode(frame, 0.4);
    expect(missingTiles(rendition, rendition.newestFrame - 1)).toEqual([]);
  }
  whole.expectTiles(rendition, frame);
});

test("TileScheduler: with a noise bound above 0 each tile of an unchanged picture is encoded again within 8 s", async () => {
  const fixture = new EncodeFixture(threads, 1);
  const rendition = fixture.want(FULL);
  const frame = randomFrame(1, { width: 640, height: 360 }, "gray");
  await fixture.encode(frame);
  const all = missingTiles(rendition, 0).length;
  await fixture.encode(frame);
  expect(missingTiles(rendition, rendition.newestFrame - 1)).toEqual([]);
  const refreshed = new Set<number>();
  for (let seconds = 0; seconds < 8.4; seconds += 0.4) {
    await fixture.encode(frame, 0.4);
    const tiles = missingTiles(rendition, rendition.newestFrame - 1);
    expect(tiles.length).toBeLessThan(all / 10);
    for (const { number } of tiles) refreshed.add(number);
  }
  expect(refreshed.size).toBe(all);
  whole.expectTiles(rendition, frame);
});

test.each([
  ["most of the picture changes", 0.7],
  ["little of it changes", 0.1],
])(
  "TileScheduler: a tile whose changes are below the noise bound keeps its bytes, also for late viewers: %s",
  async (_, share) => {
    const fixture = new EncodeFixture(threads, 3);
    const random = randomSequence(7);
    const watching = [fixture.want(FULL), fixture.want(HALF)];
    const scene = randomFrame(3, { width: 640, height: 256 }, "rgb24");
    /** For each rendition, the frame that each of its tiles shows. */
    const shown = new Map<Rendition, Frame[]>();
    const bytes = new Map<Rendition, Uint8Array[]>();
    let late: Rendition | null = null;
    for (let round = 0; round < 8; round++) {
      const changedRows = round % 3 === 0 ? 0 : Math.round((scene.height * share) / 32) * 32;
      scene.pixels.set(randomPixels(changedRows * scene.width * 3, round + 50), 0);
      const pixels = scene.pixels.map((level) => Math.max(0, Math.min(255, level + Math.round(random() * 2 - 1))));
      const frame = { ...scene, pixels };
      if (round === 0) await fixture.encodeForAll(frame);
      if (round === 5) late = fixture.want(THIN);
      await fixture.encode(frame);
      for (const rendition of watching) {
        const expected = whole.tiles(frame, rendition.level);
        const tiles = missingTiles(rendition, 0).map((tile) => tile.bytes);
        const before = bytes.get(rendition);
        const sources = shown.get(rendition) ?? [];
        const lines = Math.ceil(scene.height / 16 / 2 ** rendition.level.halvings);
        for (const [number, tile] of tiles.entries()) {
          const line = Math.floor((number * lines) / tiles.length);
          const isAltered = line * 16 * 2 ** rendition.level.halvings < changedRows;
          if (before !== undefined && !isAltered) expect(sameBytes(tile, before[number])).toBe(true);
          if (before !== undefined && !isAltered) continue;
          expect(sameBytes(tile, expected[number])).toBe(true);
          sources[number] = frame;
        }
        shown.set(rendition, sources);
        bytes.set(rendition, tiles);
      }
    }
    if (late === null) throw new Error("nobody came late");
    expect(late.newestFrame).toBe(fixture.captures.frames);
    const sources = shown.get(watching[0] as Rendition) as Frame[];
    expect(new Set(sources).size).toBeGreaterThan(1);
    for (const { number, bytes: tile } of missingTiles(late, 0))
      expect(sameBytes(tile, whole.tiles(sources[number] as Frame, THIN)[number])).toBe(true);
  },
);

test("TileScheduler: reports the share of changed tiles with each commit", async () => {
  const fixture = new EncodeFixture(threads, 0);
  const [full, half] = [fixture.want(FULL), fixture.want(HALF)];
  const frame = randomFrame(8, { width: 640, height: 352 }, "rgb24");
  await fixture.encodeForAll(frame);
  fixture.changedShares.clear();
  await fixture.encode(frame);
  await fixture.encode(altered(frame, 0.75, 1, 9));
  const shareOf = (rendition: Rendition) =>
    missingTiles(rendition, rendition.newestFrame - 1).length / missingTiles(rendition, 0).length;
  for (const rendition of [full, half]) {
    const shares = fixture.changedShares.get(rendition.level.quality);
    expect(shares).toEqual([0, shareOf(rendition)]);
    expect(shares?.[1]).toBeWithin(0.2, 0.4); // the lowest quarter of the picture has changed
  }
});

test("TileScheduler: traces the wait and the encoding of a frame for each rendition", async () => {
  const trace = new RecordedTrace();
  const fixture = new EncodeFixture(threads, 0, "420", trace);
  for (const level of [FULL, HALF]) fixture.want(level);
  await fixture.encodeForAll(randomFrame(8, { width: 640, height: 352 }, "rgb24"));
  const spans = trace.spans.filter(({ fields }) => fields?.["frame"] === fixture.captures.frames);
  expect(spans.map(({ track, name }) => `${track}: ${name}`)).toEqual([
    "camera test waiting: capture to encoder",
    "camera test: encode 640x352 q80",
    "camera test: encode 320x176 q64",
  ]);
  const [wait, ...encodings] = spans;
  for (const { from, to } of encodings) {
    expect(from).toBe(wait?.to as number);
    expect(to).toBeGreaterThan(from);
  }
});
