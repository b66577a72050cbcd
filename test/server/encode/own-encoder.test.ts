// Frames that the main thread encodes itself: the same tiles as threads make, and a kernel that fails costs one frame.

import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { loadTileEncoder } from "../../../src/codec/simd/tile-encoder.ts";
import { OwnKernel } from "../../../src/codec/threads/own-kernel.ts";
import type { EncodeTilesJob, TileEncoder } from "../../../src/codec/tile-jobs.ts";
import { randomPixels } from "../../support/random-pictures.ts";
import { EncodeFixture, type Frame, randomFrame, Threads, WholeEncoder } from "../../support/tile-scheduler-fixture.ts";
import { resetClock, stopClock } from "../../support/moved-clock.ts";
import { until } from "../../support/wait-until.ts";

const FULL = { halvings: 0, quality: 80 };
const HALF = { halvings: 1, quality: 64 };
const SMALL = { width: 320, height: 160 };
const SLOTS = 5;

/** Changes the next job of the main thread's kernel. */
let spoil: ((job: EncodeTilesJob) => EncodeTilesJob) | null = null;
/** The number of jobs that threads were given. */
let posted = 0;
/** The number of stretches of the main thread. */
let stretches = 0;
let threads: Threads;
let whole: WholeEncoder;

beforeAll(async () => {
  threads = new Threads(2, async (arena, pool) => {
    const encoder = await loadTileEncoder(arena, pool.wasm);
    const encode: TileEncoder["encode"] = (job, onBand, mayGoOn) => {
      const spoilt = spoil?.(job) ?? job;
      spoil = null;
      stretches++;
      return encoder.encode(spoilt, onBand, mayGoOn);
    };
    return { ...encoder, encode };
  });
  threads.pool.spoil = (job) => {
    if (job.kind === "encode-tiles") posted++;
    return job;
  };
  whole = await WholeEncoder.load();
  await threads.pool.started;
  await until(() => threads.own?.isReady === true, "the main thread's kernel");
});
afterAll(() => threads.pool.close());
afterEach(resetClock);

/** The frame with other pixels in its first rows. */
function changed(frame: Frame, seed: number, rows = 16): Frame {
  const pixels = frame.pixels.slice();
  pixels.set(randomPixels(rows * frame.width, seed));
  return { ...frame, pixels };
}

/** Encodes a still picture until the main thread does it. */
async function settle(fixture: EncodeFixture, frame: Frame): Promise<void> {
  await fixture.encodeForAll(frame);
  await repeat(fixture, frame, () => posted === 0);
}

/** Encodes the frame again and again until the condition is true. */
async function repeat(fixture: EncodeFixture, frame: Frame, isTrue: () => boolean): Promise<void> {
  for (let times = 0; times < 500; times++) {
    posted = 0;
    await fixture.encode(frame);
    if (isTrue()) return;
  }
  throw new Error("the main thread encoded no frame");
}

test("TileScheduler: a frame with few changes is finished by the main thread, before its delivery returns", async () => {
  const fixture = new EncodeFixture(threads, 0);
  const renditions = [fixture.want(FULL), fixture.want(HALF)];
  let frame = randomFrame(1, SMALL);
  await settle(fixture, frame);
  let finished = 0;
  for (let seed = 2; seed < 12; seed++) {
    frame = changed(frame, seed);
    posted = 0;
    fixture.deliver(frame);
    finished += fixture.dispatcher.idle ? 1 : 0;
    await until(() => fixture.dispatcher.idle, "the frame");
    for (const rendition of renditions) whole.expectTiles(rendition, frame);
  }
  expect(finished).toBeGreaterThan(0);
  expect(fixture.freeSlots(frame)).toBe(SLOTS - 1);
});

test("TileScheduler: when much more changes than before, the main thread stops in time and threads help", async () => {
  const fixture = new EncodeFixture(threads, 0);
  const rendition = fixture.want(FULL);
  let frame = randomFrame(20, { width: 1920, height: 1080 });
  await settle(fixture, frame);
  let helped = 0;
  for (let seed = 21; seed < 26; seed++) {
    frame = changed(frame, seed, frame.height);
    posted = 0;
    await fixture.encode(frame);
    helped += posted;
    whole.expectTiles(rendition, frame);
    for (let still = 0; still < 20; still++) await fixture.encode(frame);
  }
  expect(helped).toBeGreaterThan(0);
});

test.each([
  ["traps", "the codec kernel", (job: EncodeTilesJob) => withState(job, 0xffff_fff0)],
  ["refuses the frame", "not prepared", (job: EncodeTilesJob) => withState(job, threads.arena.take(1 << 16))],
])("TileScheduler: a kernel of the main thread that %s costs one frame", async (what, reason, spoils) => {
  const fixture = new EncodeFixture(threads, 0);
  const renditions = [fixture.want(FULL), fixture.want(HALF)];
  const frame = randomFrame(30, SMALL);
  await settle(fixture, frame);
  const [restarted, before] = [threads.restarted.length, renditions[0]?.newestFrame];
  spoil = spoils;
  await repeat(fixture, changed(frame, 31), () => spoil === null);
  expect(fixture.figures.drops.byReason.encode).toBe(1);
  expect(fixture.troubles.some((text) => text?.includes("a frame was not encoded"))).toBe(true);
  if (what !== "traps") expect(fixture.troubles.join()).toContain(reason);
  expect(renditions[0]?.newestFrame).toBeGreaterThanOrEqual(before ?? 0);
  expect(threads.restarted.length - restarted).toBe(what === "traps" ? 1 : 0);
  await until(() => threads.own?.isReady === true, "the new kernel");
  await settle(fixture, changed(frame, 31));
  for (const rendition of renditions) whole.expectTiles(rendition, changed(frame, 31));
  expect(fixture.freeSlots(frame)).toBe(SLOTS - 1);
});

test("TileScheduler: a frame that has failed says nothing about the time of the next one", async () => {
  const fixture = new EncodeFixture(threads, 0);
  fixture.want(FULL);
  let frame = randomFrame(40, { width: 1920, height: 1080 });
  const unprepared = threads.arena.take(1 << 16);
  const { spoil: before } = threads.pool;
  threads.pool.spoil = (job) => (job.kind === "encode-tiles" ? withState(job, unprepared) : job);
  for (let times = 0; times < 500 && fixture.figures.drops.byReason.encode === 0; times++) {
    await fixture.encode(frame);
    await Bun.sleep(1); // threads make the tables meanwhile
  }
  expect(fixture.figures.drops.byReason.encode).toBe(1);
  threads.pool.spoil = before;
  stretches = 0;
  for (let seed = 41; seed < 45; seed++) {
    frame = changed(frame, seed, frame.height);
    await fixture.encodeForAll(frame);
  }
  expect(stretches).toBe(0); // these frames are too large for the main thread
});

test("FrameDispatcher: the encoders rest for the time of a frame of the main thread, and not until the next one", async () => {
  const fixture = new EncodeFixture(threads, 0);
  const rendition = fixture.want(FULL);
  const frame = randomFrame(50, SMALL);
  await settle(fixture, frame);
  fixture.isAwaited = false;
  const passMs = stopClock();
  for (let frames = 0; frames < 3; frames++) {
    passMs(1000);
    fixture.deliver(changed(frame, 51 + frames));
    expect(rendition.newestFrame).toBe(fixture.captures.frames);
  }
});

test("TileScheduler: the time and the errors of a frame's receivers are not those of the main thread's kernel", async () => {
  const fixture = new EncodeFixture(threads, 0);
  fixture.want(FULL);
  const frame = randomFrame(60, SMALL);
  await settle(fixture, frame);
  const passMs = stopClock();
  fixture.onCommitted = () => passMs(10_000);
  fixture.deliver(changed(frame, 61));
  expect(fixture.dispatcher.idle).toBe(true);
  expect(fixture.figures.encodeDurations.summary().max).toBeLessThan(10_000);
  const restarted = threads.restarted.length;
  fixture.onCommitted = () => {
    throw new Error("a defect of a receiver");
  };
  expect(() => fixture.deliver(changed(frame, 62))).toThrow("a defect of a receiver");
  expect([threads.restarted.length, threads.own?.isReady]).toEqual([restarted, true]);
});

/** The job with the tables at another address. */
function withState(job: EncodeTilesJob, stateAddress: number): EncodeTilesJob {
  const scales = job.scales.map((scale) => ({
    ...scale,
    renditions: scale.renditions.map((each) => ({ ...each, picture: { ...each.picture, stateAddress } })),
  }));
  return { ...job, scales };
}

test("OwnKernel: without another thread to wake there is none", () => {
  const pool = Object.assign(Object.create(threads.pool), {});
  Object.defineProperty(pool, "nextTurn", { value: null });
  expect(OwnKernel.create(pool, () => Promise.reject(new Error("it is not loaded")))).toBeNull();
});
