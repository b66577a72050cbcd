// The frame dispatcher with real codec threads: the newest frame wins, nothing is encoded without viewers, JPEGs pass unchanged, slots are released.

import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { BUN_RUNTIME } from "../../../src/codec/bun/runtime.ts";
import { CodecPool } from "../../../src/codec/threads/pool.ts";
import { Arena } from "../../../src/codec/memory/arena.ts";
import type { FrameSlot } from "../../../src/codec/memory/frame-slots.ts";
import { nowMicros } from "../../../src/core/clock.ts";
import { Health } from "../../../src/core/health.ts";
import { SILENT_LOG } from "../../../src/core/log.ts";
import { CaptureRate } from "../../../src/capture/capture-rate.ts";
import { EncodeFigures } from "../../../src/server/encode/figures.ts";
import { FrameDispatcher } from "../../../src/server/encode/dispatcher.ts";
import { readTiles, writeTiles } from "../../../src/protocol/messages.ts";
import { HEADER_BYTES } from "../../../src/protocol/wire.ts";
import type { Rendition } from "../../../src/server/renditions/rendition.ts";
import { keep, type PublishedPicture } from "../../support/encoded-pictures.ts";
import { deliverJpeg } from "../../../src/capture/source.ts";
import { cjpeg, djpeg } from "../../support/jpeg-tools.ts";
import { resetClock, stopClock } from "../../support/moved-clock.ts";
import { psnr, testPicture } from "../../support/samples.ts";
import { footageFormat, TileFootage } from "../../support/tile-footage.ts";
import { listOf } from "../../support/tile-lists.ts";
import { until } from "../../support/wait-until.ts";

const SIZE = { width: 160, height: 120 };
const THREADS = 2;

interface Setup {
  dispatcher: FrameDispatcher;
  figures: EncodeFigures;
  captures: CaptureRate;
  published: PublishedPicture[];
  /** The renditions of the tiles of another server. */
  passedOn: Rendition[];
  troubles: (string | null)[];
  captured: number[];
  watched: boolean;
  isAwaited: boolean;
}

const arena = Arena.create();
/** The dispatcher of the test that runs. */
let current: FrameDispatcher | null = null;
const [one, two] = [1, THREADS].map(
  (threads) =>
    new CodecPool({
      runtime: BUN_RUNTIME,
      arena,
      codec: "jsquash",
      threads,
      onIdle: () => current?.pump(),
      onBroken: () => undefined,
      onRestarted: () => undefined,
    }),
) as [CodecPool, CodecPool];
beforeAll(() => Promise.all([one.started, two.started]));
afterEach(async () => {
  resetClock();
  current = null;
  await until(() => two.idleThreads === THREADS, "the threads");
});
afterAll(() => Promise.all([one.close(), two.close()]));

function start(watched = true, pool = two): Setup {
  const published: PublishedPicture[] = [];
  const passedOn: Rendition[] = [];
  const troubles: (string | null)[] = [];
  const captured: number[] = [];
  const figures = new EncodeFigures(new Health((text) => troubles.push(text)));
  const captures = new CaptureRate();
  const dispatcher: FrameDispatcher = new FrameDispatcher({
    arena,
    pool,
    quality: 90,
    sampling: "420",
    tiles: null,
    demand: {
      get isWatched() {
        return setup.watched;
      },
      get isAwaited() {
        return setup.isAwaited;
      },
      wantsTiles: false,
      tilesIntervalMicros: 0,
      wantsParts: () => false,
    },
    pictures: {
      publish: (picture) => published.push(keep(picture)),
      passOn: (rendition) => passedOn.push(rendition),
    },
    sinks: [],
    captures,
    figures,
    listener: { frameCaptured: (frames) => captured.push(frames) },
    log: SILENT_LOG,
    track: null,
  });
  const setup: Setup = {
    dispatcher,
    figures,
    captures,
    published,
    passedOn,
    troubles,
    captured,
    watched,
    isAwaited: true,
  };
  current = dispatcher;
  return setup;
}

/** Delivers one frame. Returns false when no slot is free. */
function deliver({ dispatcher }: Setup, shift: number, size = SIZE): boolean {
  const slot = dispatcher.reserve("rgb24", size);
  if (slot === null) return false;
  slot.bytes.set(testPicture(size, shift).pixels);
  dispatcher.pixels(slot, "rgb24", size, nowMicros());
  return true;
}

function reserveAll({ dispatcher }: Setup): FrameSlot[] {
  const slots: FrameSlot[] = [];
  for (let slot = dispatcher.reserve("rgb24", SIZE); slot !== null; slot = dispatcher.reserve("rgb24", SIZE))
    slots.push(slot);
  return slots;
}

function hasRoom({ dispatcher }: Setup): boolean {
  return new Int32Array(dispatcher.room.memory)[0] === 0;
}

/** The number of free slots, counted by reserving all of them. */
function freeSlots(setup: Setup): number {
  const slots = reserveAll(setup);
  for (const slot of slots) slot.release();
  return slots.length;
}

test("FrameDispatcher: encodes a frame into a picture of the same content, with stamps in order", async () => {
  const setup = start();
  expect(deliver(setup, 7)).toBe(true);
  await until(() => setup.dispatcher.idle, "the encoder");
  const [picture] = setup.published;
  expect(picture).toMatchObject({ ...SIZE, frameNumber: 1 });
  expect(picture?.encodedAt).toBeGreaterThanOrEqual(picture?.capturedAt as number);
  const { pixels, width, height } = djpeg(picture?.jpeg as Uint8Array);
  expect({ width, height }).toEqual(SIZE);
  expect(psnr(pixels, testPicture(SIZE, 7).pixels)).toBeGreaterThan(33);
  expect(setup.figures.encodeDurations.count).toBe(1);
  expect(setup.figures.drops.total).toBe(0);
});

test("FrameDispatcher: after the end, a frame in work is not published, and no memory stays in use", async () => {
  const setup = start();
  const { dispatcher, published } = setup;
  deliver(setup, 1);
  expect([dispatcher.idle, dispatcher.releaseMemory()]).toEqual([false, false]);
  dispatcher.end();
  await until(() => dispatcher.releaseMemory(), "the end of the encoding");
  expect([published.length, deliver(setup, 2)]).toEqual([0, false]);
});

test("FrameDispatcher: while no viewer can be sent a frame, the encoders rest and sources have no room", async () => {
  const setup = start();
  const { dispatcher, published } = setup;
  const passMs = stopClock();
  deliver(setup, 1);
  passMs(2_000); // the encoders rest for this time
  await until(() => dispatcher.idle, "the encoder");
  setup.isAwaited = false;
  deliver(setup, 2);
  await Bun.sleep(50);
  expect([published.length, hasRoom(setup)]).toEqual([1, false]);
  setup.isAwaited = true;
  dispatcher.awaited();
  await until(() => dispatcher.idle, "the encoder");
  expect([published.length, hasRoom(setup)]).toEqual([2, true]);
  expect(published[1]?.frameNumber).toBe(2);
});

test("FrameDispatcher: in a burst the newest frame waits, and the older ones are dropped", async () => {
  const setup = start();
  for (let frame = 1; frame <= 10; frame++) expect(deliver(setup, frame * 5)).toBe(true);
  await until(() => setup.dispatcher.idle, "the encoders");
  const numbers = setup.published.map((picture) => picture.frameNumber);
  expect(numbers.at(-1)).toBe(10);
  expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
  expect(setup.captured).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  const { stale, late, encode, source } = setup.figures.drops.byReason;
  expect({ stale, encode, source }).toEqual({ stale: 10 - THREADS - 1, encode: 0, source: 0 });
  expect(numbers.length + late).toBe(THREADS + 1);
  expect(setup.figures.encoded).toBe(numbers.length);
  expect(psnr(djpeg(setup.published.at(-1)?.jpeg as Uint8Array).pixels, testPicture(SIZE, 50).pixels)).toBeGreaterThan(
    33,
  );
});

test("FrameDispatcher: publishes in order and counts each frame over a long run", async () => {
  const setup = start();
  let lost = 0;
  for (let frame = 1; frame <= 120; frame++) {
    if (!deliver(setup, frame)) {
      setup.dispatcher.lost();
      lost++;
    }
    if (frame % 3 === 0) await Bun.sleep(1);
  }
  await until(() => setup.dispatcher.idle, "the encoders");
  const numbers = setup.published.map((picture) => picture.frameNumber);
  expect(numbers).toEqual([...new Set(numbers)].toSorted((a, b) => a - b));
  expect(setup.captures.frames).toBe(120);
  expect(setup.published.length + setup.figures.drops.total).toBe(120);
  expect(setup.figures.drops.byReason.source).toBe(lost);
  expect(freeSlots(setup)).toBe(THREADS + 3);
});

test("FrameDispatcher: follows a source that changes its size between two frames", async () => {
  const setup = start();
  const sizes = [SIZE, { width: 33, height: 21 }, { width: 200, height: 150 }, SIZE];
  for (const size of sizes) {
    expect(deliver(setup, 0, size)).toBe(true);
    await until(() => setup.dispatcher.idle, "the encoder");
  }
  expect(setup.published.map(({ width, height }) => ({ width, height }))).toEqual(sizes);
});

test("FrameDispatcher: reports the median of the capture interval", async () => {
  const setup = start(false);
  expect(setup.captures.intervalMicros).toBe(0);
  for (const at of [1_000, 2_000, 3_000, 9_000, 10_000]) {
    const slot = setup.dispatcher.reserve("gray", SIZE) as FrameSlot;
    setup.dispatcher.pixels(slot, "gray", SIZE, at);
  }
  expect(setup.captures.intervalMicros).toBe(1_000);
});

test("FrameDispatcher: without viewers it encodes nothing and keeps the newest frame", async () => {
  const setup = start(false);
  for (let frame = 1; frame <= 20; frame++) expect(deliver(setup, frame)).toBe(true);
  await Bun.sleep(20);
  expect(setup.published).toEqual([]);
  expect(setup.figures.encodeDurations.count).toBe(0);
  expect(setup.figures.drops.total).toBe(0);
  expect(setup.captures.frames).toBe(20);
  setup.watched = true;
  setup.dispatcher.pump();
  await until(() => setup.published.length > 0, "the first picture");
  expect(setup.published.map((picture) => picture.frameNumber)).toEqual([20]);
  setup.dispatcher.pump();
  expect(setup.dispatcher.idle).toBe(true);
  expect(freeSlots(setup)).toBe(THREADS + 3);
});

test("FrameDispatcher: without viewers it keeps the newest JPEG too", async () => {
  const setup = start(false);
  deliverJpeg(setup.dispatcher, cjpeg(testPicture(SIZE)), 1);
  expect(setup.published).toEqual([]);
  setup.watched = true;
  setup.dispatcher.pump();
  expect(setup.published.map((picture) => picture.frameNumber)).toEqual([1]);
});

test("FrameDispatcher: a JPEG that waits for viewers does not follow the tiles of another server that came after it", async () => {
  const setup = start(false);
  const { dispatcher, passedOn } = setup;
  const footage = await TileFootage.create(footageFormat({ ...SIZE, format: "yuvj420p", quality: 75 }, 5));
  const stamps = { capturedAt: 2, encodedAt: 2, sentAt: 2 };
  const message = writeTiles({ frameNumber: 1, ...stamps, isLast: true, tiles: listOf(footage.allTiles) });
  const free = freeSlots(setup);
  for (let count = 0; count < 3; count++) deliverJpeg(dispatcher, Buffer.from("not a picture"), 1);
  deliverJpeg(dispatcher, cjpeg(testPicture(SIZE)), 1);
  for (let count = 0; count < 3; count++) deliverJpeg(dispatcher, Buffer.from("not a picture"), 1);
  dispatcher.stream(footage.stream);
  dispatcher.tiles(readTiles(message.subarray(HEADER_BYTES)));
  setup.watched = true;
  dispatcher.pump();
  expect(setup.published).toEqual([]);
  expect(passedOn.at(-1)?.stitch()).toEqual(new Uint8Array(footage.jpeg));
  expect(freeSlots(setup)).toBe(free);
  // The tiles also end the trouble of damaged JPEGs.
  expect(setup.troubles.at(-1)).toBeNull();
});

test("FrameDispatcher: passes a JPEG on at once, byte for byte, with its own size", async () => {
  const setup = start();
  const jpeg = cjpeg(testPicture({ width: 67, height: 41 }), "-progressive");
  deliverJpeg(setup.dispatcher, new Uint8Array(jpeg), 1234);
  expect(setup.published).toMatchObject([{ width: 67, height: 41, frameNumber: 1, capturedAt: 1234 }]);
  expect(Buffer.from(setup.published[0]?.jpeg as Uint8Array).equals(jpeg)).toBe(true);
  expect(setup.figures.encodeDurations.count).toBe(0);
});

test("FrameDispatcher: reports three damaged JPEGs in a row once, until the next good one", async () => {
  const setup = start();
  const send = (jpeg: Uint8Array) => deliverJpeg(setup.dispatcher, jpeg, 1);
  const damaged = (count: number) => {
    for (let i = 0; i < count; i++) send(Buffer.from(`not a picture ${i}`));
  };
  damaged(2);
  send(cjpeg(testPicture(SIZE)));
  damaged(2);
  expect(setup.troubles).toEqual([]);
  damaged(3);
  expect(setup.troubles).toEqual([expect.stringContaining("the source sends damaged pictures: not a JPEG")]);
  expect(setup.figures.drops.byReason.source).toBe(7);
  expect(setup.captures.frames).toBe(8);
  send(cjpeg(testPicture(SIZE)));
  expect(setup.troubles.slice(1)).toEqual([null]);
  expect(setup.published.map((picture) => picture.frameNumber)).toEqual([3, 9]);
});

test("FrameDispatcher: reserve returns null while all slots are taken, and a slot after a release", async () => {
  const setup = start();
  const slots = reserveAll(setup);
  expect(slots.length).toBe(THREADS + 3);
  expect(deliver(setup, 0)).toBe(false);
  slots.pop()?.release();
  expect(deliver(setup, 0)).toBe(true);
  await until(() => setup.dispatcher.idle, "the encoder");
  for (const slot of slots) slot.release();
  expect(freeSlots(setup)).toBe(THREADS + 3);
});

test("FrameDispatcher: counts and reports a frame that the codec fails on, and frees its slot", async () => {
  const setup = start(true, one);
  const slot = setup.dispatcher.reserve("rgb24", SIZE) as FrameSlot;
  // No codec can encode a picture of 0 × 0 pixels.
  setup.dispatcher.pixels(slot, "rgb24", { width: 0, height: 0 }, nowMicros());
  await until(() => setup.dispatcher.idle, "the encoder");
  expect(setup.figures.drops.byReason.encode).toBe(1);
  expect(setup.published).toEqual([]);
  expect(setup.troubles.at(-1)).toContain("not encoded");
  expect(freeSlots(setup)).toBe(1 + 3);
  expect(deliver(setup, 3)).toBe(true);
  await until(() => setup.published.length === 1, "the next picture");
});
