// JPEGs of a source with real codec threads: they are passed on unchanged, decoded only for viewers of tiles, and damaged ones end nothing.

import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { readJpegHeader } from "../../../src/codec/jpeg/header.ts";
import { CodecError } from "../../../src/core/errors.ts";
import type { Size } from "../../../src/core/pixel-format.ts";
import { JpegIntake } from "../../../src/server/encode/jpeg-intake.ts";
import type { JpegBlock } from "../../../src/capture/jpeg-blocks.ts";
import { Transcoder } from "../../../src/server/encode/transcoder.ts";
import { deliverJpeg } from "../../../src/capture/source.ts";
import { cjpeg, djpeg } from "../../support/jpeg-tools.ts";
import { psnr, testPicture } from "../../support/samples.ts";
import { until } from "../../support/wait-until.ts";
import { withoutTables } from "../../support/stripped-jpeg.ts";
import { pictureOf, blockWith } from "../../support/encoded-pictures.ts";
import { type Frame, EncodeFixture, Threads } from "../../support/tile-scheduler-fixture.ts";

const SIZE = { width: 320, height: 240 };
const FULL = { halvings: 0, quality: 90 };
const HALF = { halvings: 1, quality: 90 };
const SLOTS = 5;

const jpegOf = (shift: number, ...args: string[]) => cjpeg(testPicture(SIZE, shift), "-quality", "90", ...args);
const GOOD = [jpegOf(0), jpegOf(40), jpegOf(80, "-restart", "1")];

let threads: Threads;
let jobs: string[] = [];
beforeAll(async () => {
  threads = new Threads(2);
  await threads.pool.started;
});
afterAll(() => threads.pool.close());
beforeEach(() => {
  jobs = [];
  threads.pool.spoil = (job) => {
    jobs.push(job.kind);
    return job;
  };
});

const decodes = () => jobs.filter((kind) => kind === "decode").length;
const rgba = (size: Size): Frame => ({ ...size, format: "rgba", pixels: new Uint8Array() });

/** Delivers a JPEG again and again until each wanted rendition has it. */
async function deliverForAll(fixture: EncodeFixture, jpeg: Uint8Array): Promise<void> {
  const lacksIt = () => fixture.renditions.wanted.some(({ newestFrame }) => newestFrame < fixture.captures.frames);
  for (let times = 0; times === 0 || lacksIt(); times++) {
    if (times === 50) throw new Error("a rendition never came");
    deliverJpeg(fixture.dispatcher, jpeg.slice(), times);
    await until(() => fixture.dispatcher.idle, "the frame");
  }
}

test("Passthrough: passes JPEGs on byte for byte, and decodes none while no viewer needs tiles", async () => {
  const fixture = new EncodeFixture(threads, 0);
  fixture.watchesPictures = true;
  for (const jpeg of GOOD) {
    deliverJpeg(fixture.dispatcher, jpeg, 1);
    expect(Buffer.compare(fixture.published.at(-1)?.jpeg as Uint8Array, jpeg)).toBe(0);
  }
  await Bun.sleep(20);
  expect(jobs).toEqual([]);
  expect([fixture.captures.frames, fixture.figures.encoded, fixture.dispatcher.idle]).toEqual([3, 3, true]);
  expect(fixture.figures.drops.total).toBe(0);
});

test("Transcoder: a JPEG that was passed on becomes tiles of each wanted rendition", async () => {
  const fixture = new EncodeFixture(threads, 0);
  const [full, half] = [fixture.want(FULL), fixture.want(HALF)];
  for (const jpeg of GOOD) {
    await deliverForAll(fixture, jpeg);
    const decoded = djpeg(jpeg);
    const stitched = djpeg(full.stitch() as Uint8Array);
    expect(psnr(stitched.pixels, decoded.pixels)).toBeGreaterThan(35);
    expect(djpeg(half.stitch() as Uint8Array)).toMatchObject({ width: 160, height: 120 });
    expect(Buffer.compare(fixture.published.at(-1)?.jpeg as Uint8Array, jpeg)).toBe(0);
  }
  expect(fixture.events.some((event) => event.startsWith("source"))).toBe(false); // the source still counts as one of JPEGs
  expect(fixture.figures.encoded).toBe(fixture.published.length);
  expect(fixture.freeSlots(rgba(SIZE))).toBe(SLOTS - 1); // one slot is kept as the reference
});

test("Transcoder: decodes nothing after its last viewer, and the newest JPEG for the next one", async () => {
  const fixture = new EncodeFixture(threads, 0);
  fixture.watchesPictures = true;
  const half = fixture.want(HALF);
  await deliverForAll(fixture, GOOD[0] as Uint8Array);
  fixture.renditions.release(half);
  const before = decodes();
  for (const jpeg of GOOD) deliverJpeg(fixture.dispatcher, jpeg.slice(), 5);
  await Bun.sleep(20);
  expect(decodes()).toBe(before);
  const again = fixture.want(HALF);
  fixture.dispatcher.pump();
  await until(() => fixture.dispatcher.idle && again.newestFrame === fixture.captures.frames, "the newest as tiles");
});

test("Transcoder: a JPEG that is decoded after the end of its source does not keep the memory in use", async () => {
  const fixture = new EncodeFixture(threads, 0);
  const half = fixture.want(HALF);
  await deliverForAll(fixture, GOOD[0] as Uint8Array);
  deliverJpeg(fixture.dispatcher, GOOD[1] as Uint8Array, 1);
  fixture.renditions.release(half);
  fixture.dispatcher.end();
  expect(fixture.dispatcher.idle).toBe(false); // a thread decodes it
  await until(() => threads.pool.idleThreads === 2, "the decoded picture");
  await until(() => fixture.dispatcher.releaseMemory(), "the release");
});

test("Transcoder: passes on all JPEGs of a burst, and decodes the newest", async () => {
  const fixture = new EncodeFixture(threads, 0);
  const half = fixture.want(HALF);
  await deliverForAll(fixture, GOOD[0] as Uint8Array);
  const [before, published] = [decodes(), fixture.published.length];
  for (let frame = 0; frame < 30; frame++) deliverJpeg(fixture.dispatcher, jpegOf(frame), frame);
  await until(() => fixture.dispatcher.idle, "the frames");
  expect(fixture.published.length - published).toBe(30);
  expect(half.newestFrame).toBe(fixture.captures.frames);
  expect(decodes() - before).toBe(2);
  expect(fixture.figures.drops.byReason.stale).toBe(28);
});

test("Transcoder: a JPEG that is decoded late does not come after newer pixels", async () => {
  const fixture = new EncodeFixture(threads, 0);
  const full = fixture.want(FULL);
  await deliverForAll(fixture, GOOD[0] as Uint8Array);
  for (let round = 0; round < 10; round++) {
    deliverJpeg(fixture.dispatcher, GOOD[1] as Uint8Array, 1);
    const pixels = new Uint8Array(SIZE.width * SIZE.height * 4).fill(round);
    fixture.deliver({ ...SIZE, format: "rgba", pixels });
    await until(() => fixture.dispatcher.idle, "both");
    expect(full.newestFrame).toBe(fixture.captures.frames);
  }
  expect(fixture.freeSlots(rgba(SIZE))).toBe(SLOTS - 1);
});

test("Passthrough: adds missing Huffman tables", () => {
  const fixture = new EncodeFixture(threads, 0);
  fixture.watchesPictures = true;
  deliverJpeg(fixture.dispatcher, withoutTables(GOOD[0] as Uint8Array), 1);
  expect(Buffer.compare(fixture.published[0]?.jpeg as Uint8Array, GOOD[0] as Uint8Array)).toBe(0);
});

const good = GOOD[0] as Uint8Array;
const noise = new Uint8Array(good).fill(0xaa, 700, good.length - 2);

test("Passthrough: passes on a JPEG with a damaged scan, and the next ones", async () => {
  const fixture = new EncodeFixture(threads, 0);
  const half = fixture.want(HALF);
  await deliverForAll(fixture, good);
  deliverJpeg(fixture.dispatcher, noise, 1);
  await until(() => fixture.dispatcher.idle, "the damaged one");
  expect(Buffer.compare(fixture.published.at(-1)?.jpeg as Uint8Array, noise)).toBe(0);
  await deliverForAll(fixture, good);
  expect(half.newestFrame).toBe(fixture.captures.frames);
  expect(threads.restarted).toEqual([]);
});

test("Passthrough: counts and reports JPEGs with a damaged header or no end", async () => {
  const fixture = new EncodeFixture(threads, 0);
  fixture.want(HALF);
  await deliverForAll(fixture, good);
  const before = fixture.published.length;
  for (const bad of [good.subarray(0, 300), good.subarray(0, good.length - 100), Buffer.from("no picture")]) {
    const said = fixture.troubles.length;
    for (let times = 0; times < 3; times++) deliverJpeg(fixture.dispatcher, bad, 1);
    expect(fixture.troubles.slice(said)).toEqual([expect.stringContaining("the source sends damaged pictures")]);
    deliverJpeg(fixture.dispatcher, good.slice(), 2);
    expect(fixture.troubles.at(-1)).toBeNull();
  }
  expect(fixture.figures.drops.byReason.source).toBe(9);
  expect(fixture.published.length - before).toBe(3);
  await until(() => fixture.dispatcher.idle, "the frames");
});

test("Transcoder: counts JPEGs that no codec reads, and reports them once", async () => {
  const fixture = new EncodeFixture(threads, 0);
  const half = fixture.want(HALF);
  await deliverForAll(fixture, good);
  const unreadable = new Uint8Array(good);
  unreadable[unreadable.indexOf(0xdb) + 3] = 0x77; // the precision of a quantisation table is neither 0 nor 1
  const before = fixture.published.length;
  for (let frame = 0; frame < 5; frame++) {
    deliverJpeg(fixture.dispatcher, unreadable.slice(), 1);
    await until(() => fixture.dispatcher.idle, "the unreadable one");
  }
  expect(fixture.figures.drops.byReason.encode).toBe(5);
  expect(fixture.troubles.filter((text) => text === null)).toEqual([]);
  expect(fixture.published.length - before).toBe(5);
  expect(fixture.freeSlots(rgba(SIZE))).toBe(SLOTS - 1);
  await deliverForAll(fixture, good);
  expect(fixture.troubles.at(-1)).toBeNull();
  expect(half.newestFrame).toBe(fixture.captures.frames);
});

test("Transcoder: skips a single JPEG of another size, and follows a size that stays", async () => {
  const fixture = new EncodeFixture(threads, 0);
  const half = fixture.want(HALF);
  await deliverForAll(fixture, good);
  const { stream } = half;
  const resized = new Uint8Array(good);
  resized[Buffer.from(good).indexOf(Buffer.from([0xff, 0xc0])) + 6] = 0xf8; // the header names more lines than the scan has
  for (const jpeg of [resized, good, resized, good]) {
    deliverJpeg(fixture.dispatcher, jpeg.slice(), 1);
    await until(() => fixture.dispatcher.idle, "the frame");
  }
  expect(half.stream).toBe(stream);
  expect(half.newestFrame).toBe(fixture.captures.frames);
  expect(fixture.figures.drops.byReason.source).toBe(2);
  const other = cjpeg(testPicture({ width: 200, height: 100 }));
  deliverJpeg(fixture.dispatcher, other.slice(), 1);
  await deliverForAll(fixture, other);
  expect(half.stream).toMatchObject({ width: 100, height: 50 });
});

test("Transcoder: a JPEG waits while there is no slot for its pixels", async () => {
  let decoded = 0;
  let isFull = true;
  const demand = {
    isWatched: true,
    isAwaited: true,
    wantsTiles: true,
    tilesIntervalMicros: 0,
    wantsParts: () => false,
  };
  const transcoder = new Transcoder(threads.pool, demand, {
    reserve: (_, { width, height }) => {
      if (isFull) return null;
      const address = threads.arena.take(4 * width * height);
      return { address, bytes: threads.arena.bytes(address, 4 * width * height), release: () => undefined };
    },
    decoded: () => decoded++,
    dropped: (reason) => expect().fail(reason),
    failed: (reason) => expect().fail(reason),
  });
  transcoder.offer(pictureOf({ ...SIZE, frameNumber: 1, capturedAt: 1, encodedAt: 1, isPassedOn: true }, good));
  transcoder.start();
  expect([transcoder.idle, jobs.length]).toEqual([false, 0]);
  isFull = false;
  transcoder.start();
  await until(() => transcoder.idle, "the picture");
  expect(decoded).toBe(1);
});

test("Transcoder: a JPEG whose thread fails costs one frame", async () => {
  const fixture = new EncodeFixture(threads, 0);
  const half = fixture.want(HALF);
  await deliverForAll(fixture, good);
  threads.pool.spoil = (job) => (job.kind === "decode" ? ({ ...job, target: null } as never) : job);
  deliverJpeg(fixture.dispatcher, good.slice(), 1);
  await until(() => fixture.dispatcher.idle, "the thread's death");
  expect(fixture.troubles.at(-1)).toContain("the codec thread failed");
  threads.pool.spoil = (job) => job;
  await deliverForAll(fixture, good);
  expect(half.newestFrame).toBe(fixture.captures.frames);
  expect(fixture.freeSlots(rgba(SIZE))).toBe(SLOTS - 1);
  threads.restarted.length = 0;
});

test("JpegIntake: accepts a camera that never writes EOI, and refuses a single JPEG without it", () => {
  const whole = blockWith(GOOD[0] as Uint8Array);
  const wholeBytes = (GOOD[0] as Uint8Array).length;
  const endless = blockWith((GOOD[0] as Uint8Array).subarray(0, wholeBytes - 2));
  const accept = (intake: JpegIntake, block: JpegBlock) =>
    intake.accept(block, block === whole ? wholeBytes : wholeBytes - 2);
  const noMemory = () => null;
  const always = new JpegIntake(noMemory);
  for (let times = 0; times < 2; times++) {
    expect(accept(always, endless)).toEqual({ ...SIZE, block: endless, jpegBytes: wholeBytes - 2, presentation: null });
  }
  const once = new JpegIntake(noMemory);
  expect(accept(once, whole)).toEqual({ ...SIZE, block: whole, jpegBytes: wholeBytes, presentation: null });
  expect(() => accept(once, endless)).toThrow(CodecError);
  expect(() => accept(once, endless)).toThrow(CodecError);
  expect(accept(once, whole)?.block).toBe(whole);

  // EOI that a damaged scan contains by chance changes nothing.
  expect(accept(always, whole)?.block).toBe(whole);
  expect(accept(always, endless)?.block).toBe(endless);
  // A source that stops writing EOI is accepted again after some pictures.
  for (let times = 0; times < 10; times++) expect(() => accept(once, endless)).toThrow(CodecError);
  expect(accept(once, endless)?.block).toBe(endless);
});

test("JpegIntake: completes a JPEG in another block, or returns null without memory for it", () => {
  const bare = withoutTables(GOOD[0] as Uint8Array);
  const block = blockWith(bare);
  expect(new JpegIntake(() => null).accept(block, bare.length)).toBeNull();
  const given: JpegBlock[] = [];
  const intake = new JpegIntake((bytes) => given[given.push(blockWith(new Uint8Array(bytes))) - 1] as JpegBlock);
  const accepted = intake.accept(block, bare.length);
  expect(accepted?.block).toBe(given[0]);
  expect(djpeg(accepted?.block.bytes as Uint8Array)).toEqual(djpeg(GOOD[0] as Uint8Array));
  expect(() => block.release()).toThrow("more often than retained"); // the intake has released it
});

test("JpegIntake: refuses a JPEG that ends after a known header", () => {
  const jpeg = GOOD[0] as Uint8Array;
  const { dataAt } = readJpegHeader(jpeg);
  const intake = new JpegIntake(() => null);
  const endless = jpeg.subarray(0, jpeg.length - 2); // the JPEG has no EOI, because the intake would first complain that EOI is missing
  expect(intake.accept(blockWith(endless), endless.length)).not.toBeNull();
  expect(() => intake.accept(blockWith(endless.subarray(0, dataAt)), dataAt)).toThrow("ends before its scan");
  expect(intake.accept(blockWith(endless.subarray(0, dataAt + 1)), dataAt + 1)).not.toBeNull();
});
