// The tile scheduler when a job fails or ends late: no viewer gets part of a frame, and no tile stays missing.

import { afterAll, beforeAll, expect, test } from "bun:test";
import type { EncodeTilesJob } from "../../../src/codec/tile-jobs.ts";
import { until } from "../../support/wait-until.ts";
import {
  missingTiles,
  EncodeFixture,
  randomFrame,
  Threads,
  WholeEncoder,
} from "../../support/tile-scheduler-fixture.ts";

const FULL = { halvings: 0, quality: 80 };
const THIN = { halvings: 0, quality: 30 };
const HALF = { halvings: 1, quality: 64 };
const SLOTS = 5;
const SMALL = { width: 400, height: 240 };
/** The frame is so large that both threads encode some of it. */
const LARGE = { width: 1600, height: 960 };

let two: Threads;
let one: Threads;
let whole: WholeEncoder;
beforeAll(async () => {
  [two, one, whole] = [new Threads(2), new Threads(1), await WholeEncoder.load()];
  await Promise.all([two.pool.started, one.pool.started]);
});
afterAll(() => Promise.all([two.pool.close(), one.pool.close()]));

/**
 * The job of a thread that takes a band and fails. Its counter of bands is its own, so that it always finds a band, even if the other
 * thread has taken all bands of the frame before.
 */
function failing(job: object): object {
  const { counterAddress } = job as EncodeTilesJob;
  Atomics.add(new Int32Array(two.arena.memory.buffer, counterAddress, 1), 0, 1);
  return { ...job, counterAddress: two.arena.take(4), scales: [null] };
}

/** Makes the next jobs of this kind fail. */
function spoil(threads: Threads, kind: string, how: (job: object) => object, times = 1): void {
  let left = times;
  threads.pool.spoil = (job) => (job.kind === kind && left-- > 0 ? (how(job) as typeof job) : job);
}

test.each([true, false])(
  "TileScheduler: a failed thread costs one frame, and the next frame has all tiles (parts: %p)",
  async (parts) => {
    const fixture = new EncodeFixture(two, 0);
    fixture.hasPartsWanted = parts;
    const renditions = [fixture.want(FULL), fixture.want(HALF)];
    const frame = randomFrame(1, LARGE);
    await fixture.encodeForAll(frame);
    const restarted = two.restarted.length;
    spoil(two, "encode-tiles", failing);
    fixture.events.length = 0;
    await fixture.encode(randomFrame(2, LARGE));
    expect(fixture.events).not.toContain("committed q80");
    expect(fixture.events.slice(-2)).toEqual(["aborted q80", "aborted q64"]);
    expect(fixture.figures.drops.byReason.encode).toBe(1);
    expect(fixture.troubles.at(-1)).toContain("the codec thread failed");
    for (const rendition of renditions) whole.expectTiles(rendition, frame); // viewers still have the frame before
    expect(fixture.freeSlots(frame)).toBe(SLOTS);
    const since = renditions[0]?.newestFrame as number;
    await fixture.encode(randomFrame(2, LARGE));
    for (const rendition of renditions) whole.expectTiles(rendition, randomFrame(2, LARGE), { since });
    expect(fixture.troubles.at(-1)).toBeNull();
    expect(fixture.freeSlots(frame)).toBe(SLOTS - 1);
    await until(() => two.restarted.length > restarted && two.pool.idleThreads === 2, "both threads");
  },
);

test("TileScheduler: a codec error costs the frame, but does not end the thread", async () => {
  const fixture = new EncodeFixture(two, 0);
  const rendition = fixture.want(FULL);
  const frame = randomFrame(3, SMALL);
  await fixture.encode(frame);
  const restarted = two.restarted.length;
  const unprepared = two.arena.take(1 << 16);
  spoil(
    two,
    "encode-tiles",
    (job) => {
      const copy = structuredClone(job) as { scales: { renditions: { picture: { stateAddress: number } }[] }[] };
      for (const { renditions } of copy.scales) for (const { picture } of renditions) picture.stateAddress = unprepared;
      return copy;
    },
    Number.POSITIVE_INFINITY,
  );
  await fixture.encode(randomFrame(4, SMALL));
  spoil(two, "encode-tiles", (job) => job, 0);
  expect(fixture.troubles.at(-1)).toContain("not prepared");
  await fixture.encode(randomFrame(4, SMALL));
  whole.expectTiles(rendition, randomFrame(4, SMALL));
  expect(two.restarted.length).toBe(restarted);
  expect(fixture.freeSlots(frame)).toBe(SLOTS - 1);
});

test.each([
  ["fails", (job: object) => ({ ...job, quality: 0 }), "quality"],
  ["ends the thread", (job: object) => ({ ...job, format: null }), "the codec thread failed"],
] as const)(
  "TileScheduler: the making of tables that %s is reported, and tried again with the next frame",
  async (_, how, said) => {
    const fixture = new EncodeFixture(two, 0);
    const rendition = fixture.want(FULL);
    spoil(two, "prepare-tiles", how);
    const frame = randomFrame(5, SMALL);
    await fixture.encode(frame);
    expect(fixture.figures.drops.byReason.encode).toBe(1);
    expect(fixture.troubles.at(-1)).toContain(said);
    await fixture.encode(frame);
    whole.expectTiles(rendition, frame);
    expect(fixture.troubles.at(-1)).toBeNull();
    expect(fixture.freeSlots(frame)).toBe(SLOTS - 1);
  },
);

test("TileScheduler: with one thread, a new viewer does not cost the others a frame", async () => {
  const fixture = new EncodeFixture(one, 0);
  const first = fixture.want(FULL);
  await fixture.encode(randomFrame(6, SMALL));
  const late = fixture.want(THIN);
  const before = first.newestFrame;
  await fixture.encode(randomFrame(6, SMALL));
  expect(missingTiles(first, before)).toEqual([]); // no tile has changed, and no tile is missing
  await fixture.encodeForAll(randomFrame(6, SMALL));
  expect(fixture.events.filter((event) => event.startsWith("aborted"))).toEqual([]);
  whole.expectTiles(late, randomFrame(6, SMALL));
});

test("TileScheduler: reports parts only when they are wanted", async () => {
  const fixture = new EncodeFixture(two, 0);
  fixture.want(FULL);
  await fixture.encode(randomFrame(7, SMALL));
  expect(fixture.events.filter((event) => event === "last part q80")).toEqual(["last part q80"]);
  fixture.hasPartsWanted = false;
  fixture.events.length = 0;
  await fixture.encode(randomFrame(8, SMALL));
  expect(fixture.events).toEqual(["source 400x240", "committed q80"]);
});

test("TileScheduler: a full arena costs the frames that need more, until there is memory again", async () => {
  const threads = new Threads(1);
  await threads.pool.started;
  try {
    const fixture = new EncodeFixture(threads, 0);
    const [full, half] = [fixture.want(FULL), fixture.want(HALF)];
    const frame = randomFrame(11, SMALL);
    await fixture.encodeForAll(frame);
    fixture.renditions.release(half); // its tables are free again, so only the frame needs more memory
    await fixture.encode(frame);
    const allowGrowth = threads.arena.holdGrowth();
    for (const bytes of [65536, 64])
      expect(() => Array.from({ length: 5000 }, () => threads.arena.take(bytes))).toThrow();
    const thin = fixture.want(THIN);
    const lost = () => fixture.figures.drops.byReason.encode;
    for (let times = 0; times < 50 && lost() === 0; times++) await fixture.encode(frame);
    expect(fixture.troubles.at(-1)).toStartWith(
      "a frame was not encoded: there is not enough memory for pictures of this size",
    );
    expect(fixture.freeSlots(frame)).toBe(SLOTS); // no frame is kept as the reference, and all slots are free
    allowGrowth();
    await fixture.encodeForAll(frame);
    expect(fixture.troubles.at(-1)).toBeNull();
    for (const rendition of [full, thin]) whole.expectTiles(rendition, frame);
  } finally {
    await threads.pool.close();
  }
});

test("TileScheduler: takes memory with its first frame only, so a camera can always be made", () => {
  const before = two.takenBytes;
  new EncodeFixture(two, 0);
  expect(two.takenBytes).toBe(before);
});

test("TileScheduler: changing sources and renditions take no more memory over time", async () => {
  const fixture = new EncodeFixture(one, 0);
  const sizes = [
    { width: 400, height: 240 },
    { width: 111, height: 222 },
  ];
  let after = 0;
  for (let round = 0; round < 24; round++) {
    const renditions = [fixture.want(FULL), fixture.want(HALF)];
    await fixture.encodeForAll(randomFrame(round, sizes[(round >> 1) % 2] ?? SMALL));
    for (const rendition of renditions) fixture.renditions.release(rendition);
    if (round === 5) after = one.takenBytes;
  }
  expect(one.takenBytes).toBe(after);
});

test("TileScheduler: tables that were finished too late for one rendition are used for the next", async () => {
  const fixture = new EncodeFixture(one, 0);
  const frame = randomFrame(9, SMALL);
  const keeps = fixture.want(FULL);
  await fixture.encode(frame);
  let after = 0;
  for (let round = 0; round < 6; round++) {
    const late = fixture.want(THIN);
    const encoding = fixture.encode(frame);
    fixture.renditions.release(late); // the viewer leaves while the tables are made
    await encoding;
    if (round === 1) after = one.takenBytes;
  }
  expect(one.takenBytes).toBe(after);
  whole.expectTiles(keeps, frame);
});

test("TileScheduler: does not use tables that were made for an earlier size of the source", async () => {
  const fixture = new EncodeFixture(one, 0);
  const rendition = fixture.want(FULL);
  fixture.deliver(randomFrame(10, SMALL));
  const other = randomFrame(11, { width: 90, height: 500 });
  fixture.deliver(other);
  await until(() => fixture.dispatcher.idle, "the frame");
  await fixture.encodeForAll(other);
  whole.expectTiles(rendition, other);
  expect(rendition.stream).toMatchObject({ width: 90, height: 500, sourceWidth: 90, sourceHeight: 500 });
});

test("TileScheduler: ignores late messages of a failed job", async () => {
  const fixture = new EncodeFixture(two, 0);
  const rendition = fixture.want(FULL);
  await fixture.encodeForAll(randomFrame(12, LARGE));
  two.pool.repeats.length = 0;
  spoil(two, "encode-tiles", failing);
  await fixture.encode(randomFrame(13, LARGE));
  expect(fixture.figures.drops.byReason.encode).toBe(1);
  expect(two.pool.repeats.length).toBeGreaterThan(0);
  for (const sayAgain of two.pool.repeats) sayAgain();
  await fixture.encodeForAll(randomFrame(14, LARGE));
  whole.expectTiles(rendition, randomFrame(14, LARGE));
});
