// JPEGs of a source with real codec threads: passed on as they are, decoded only for those who want tiles, and never fatal.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { CodecError } from "../../src/core/errors.ts";
import type { Size } from "../../src/core/pixel-format.ts";
import { JpegIntake } from "../../src/server/jpeg-intake.ts";
import { Transcoder } from "../../src/server/transcoder.ts";
import { cjpeg, djpeg, psnr, testPicture, until } from "../codec/outside-programs.ts";
import { withoutTables } from "../stripped-jpeg.ts";
import { type Frame, PipelineStand, Threads } from "./pipeline-stand.ts";

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

/** Hands JPEGs over until all renditions have the last one. */
async function deliverForAll(stand: PipelineStand, jpeg: Uint8Array): Promise<void> {
  const lacksIt = () => stand.renditions.wanted.some(({ newestFrame }) => newestFrame < stand.pipeline.captured);
  for (let times = 0; times === 0 || lacksIt(); times++) {
    if (times === 50) throw new Error("a rendition never came");
    stand.pipeline.jpeg(jpeg.slice(), times);
    await until(() => stand.pipeline.idle, "the frame");
  }
}

describe("a JPEG of the source", () => {
  test("is passed on at once, byte for byte, and not decoded where nobody wants tiles", async () => {
    const stand = new PipelineStand(threads, 0);
    stand.isWatched = true;
    for (const jpeg of GOOD) {
      stand.pipeline.jpeg(jpeg, 1);
      expect(stand.published.at(-1)?.jpeg).toBe(jpeg);
    }
    await Bun.sleep(20);
    expect(jobs).toEqual([]);
    expect(stand.pipeline).toMatchObject({ captured: 3, encoded: 3, idle: true });
    expect(stand.pipeline.drops.total).toBe(0);
  });

  test("becomes tiles of every rendition that is wanted, and is passed on before that", async () => {
    const stand = new PipelineStand(threads, 0);
    const [full, half] = [stand.want(FULL), stand.want(HALF)];
    for (const jpeg of GOOD) {
      await deliverForAll(stand, jpeg);
      const decoded = djpeg(jpeg);
      const stitched = djpeg(full.stitch() as Uint8Array);
      expect(psnr(stitched.pixels, decoded.pixels)).toBeGreaterThan(35);
      expect(djpeg(half.stitch() as Uint8Array)).toMatchObject({ width: 160, height: 120 });
      expect(Buffer.compare(stand.published.at(-1)?.jpeg as Uint8Array, jpeg)).toBe(0);
    }
    expect(stand.events.some((event) => event.startsWith("source"))).toBe(false); // the source's kind stays JPEG
    expect(stand.pipeline.encoded).toBe(stand.published.length);
    expect(stand.freeSlots(rgba(SIZE))).toBe(SLOTS - 1); // one is kept to compare with
  });

  test("is not decoded any more when the last who wanted tiles has gone; whoever comes gets the newest", async () => {
    const stand = new PipelineStand(threads, 0);
    stand.isWatched = true;
    const half = stand.want(HALF);
    await deliverForAll(stand, GOOD[0] as Uint8Array);
    stand.renditions.release(half);
    const before = decodes();
    for (const jpeg of GOOD) stand.pipeline.jpeg(jpeg.slice(), 5);
    await Bun.sleep(20);
    expect(decodes()).toBe(before);
    const again = stand.want(HALF);
    stand.pipeline.pump();
    await until(() => stand.pipeline.idle && again.newestFrame === stand.pipeline.captured, "the newest as tiles");
  });

  test("of a burst the newest is decoded; all are passed on", async () => {
    const stand = new PipelineStand(threads, 0);
    const half = stand.want(HALF);
    await deliverForAll(stand, GOOD[0] as Uint8Array);
    const [before, published] = [decodes(), stand.published.length];
    for (let frame = 0; frame < 30; frame++) stand.pipeline.jpeg(jpegOf(frame), frame);
    await until(() => stand.pipeline.idle, "the frames");
    expect(stand.published.length - published).toBe(30);
    expect(half.newestFrame).toBe(stand.pipeline.captured);
    expect(decodes() - before).toBe(2);
    expect(stand.pipeline.drops.byReason.stale).toBe(28);
  });

  test("that is still being decoded when the source goes over to pixels does not come after them", async () => {
    const stand = new PipelineStand(threads, 0);
    const full = stand.want(FULL);
    await deliverForAll(stand, GOOD[0] as Uint8Array);
    for (let round = 0; round < 10; round++) {
      stand.pipeline.jpeg(GOOD[1] as Uint8Array, 1);
      const pixels = new Uint8Array(SIZE.width * SIZE.height * 4).fill(round);
      stand.deliver({ ...SIZE, format: "rgba", pixels });
      await until(() => stand.pipeline.idle, "both");
      expect(full.newestFrame).toBe(stand.pipeline.captured);
    }
    expect(stand.freeSlots(rgba(SIZE))).toBe(SLOTS - 1);
  });

  test("without Huffman tables is passed on with them", () => {
    const stand = new PipelineStand(threads, 0);
    stand.isWatched = true;
    stand.pipeline.jpeg(withoutTables(GOOD[0] as Uint8Array), 1);
    expect(Buffer.compare(stand.published[0]?.jpeg as Uint8Array, GOOD[0] as Uint8Array)).toBe(0);
  });
});

describe("damage", () => {
  const good = GOOD[0] as Uint8Array;
  const noise = new Uint8Array(good).fill(0xaa, 700, good.length - 2);

  test("in the scan is passed on, as the viewers will see it, and harms nobody", async () => {
    const stand = new PipelineStand(threads, 0);
    const half = stand.want(HALF);
    await deliverForAll(stand, good);
    stand.pipeline.jpeg(noise, 1);
    await until(() => stand.pipeline.idle, "the damaged one");
    expect(Buffer.compare(stand.published.at(-1)?.jpeg as Uint8Array, noise)).toBe(0);
    await deliverForAll(stand, good);
    expect(half.newestFrame).toBe(stand.pipeline.captured);
    expect(threads.restarted).toEqual([]);
  });

  test("in the header, or no end, is counted and said, and the next good one ends the trouble", async () => {
    const stand = new PipelineStand(threads, 0);
    stand.want(HALF);
    await deliverForAll(stand, good);
    const before = stand.published.length;
    for (const bad of [good.subarray(0, 300), good.subarray(0, good.length - 100), Buffer.from("no picture")]) {
      stand.pipeline.jpeg(bad, 1);
      expect(stand.troubles.at(-1)).toContain("the source sent a damaged picture");
      stand.pipeline.jpeg(good.slice(), 2);
      expect(stand.troubles.at(-1)).toBeNull();
    }
    expect(stand.pipeline.drops.byReason.source).toBe(3);
    expect(stand.published.length - before).toBe(3);
    await until(() => stand.pipeline.idle, "the frames");
  });

  test("that no codec reads is counted and said once, while it goes on, and others are passed on", async () => {
    const stand = new PipelineStand(threads, 0);
    const half = stand.want(HALF);
    await deliverForAll(stand, good);
    const unreadable = new Uint8Array(good);
    unreadable[unreadable.indexOf(0xdb) + 3] = 0x77; // a quantisation table of no precision there is
    const before = stand.published.length;
    for (let frame = 0; frame < 5; frame++) {
      stand.pipeline.jpeg(unreadable.slice(), 1);
      await until(() => stand.pipeline.idle, "the unreadable one");
    }
    expect(stand.pipeline.drops.byReason.encode).toBe(5);
    expect(stand.troubles.filter((text) => text === null)).toEqual([]);
    expect(stand.published.length - before).toBe(5);
    expect(stand.freeSlots(rgba(SIZE))).toBe(SLOTS - 1);
    await deliverForAll(stand, good);
    expect(stand.troubles.at(-1)).toBeNull();
    expect(half.newestFrame).toBe(stand.pipeline.captured);
  });

  test("to the size of one picture does not make everybody's tiles anew; another size that stays does", async () => {
    const stand = new PipelineStand(threads, 0);
    const half = stand.want(HALF);
    await deliverForAll(stand, good);
    const { stream } = half;
    const resized = new Uint8Array(good);
    resized[Buffer.from(good).indexOf(Buffer.from([0xff, 0xc0])) + 6] = 0xf8; // eight lines more than there are
    for (const jpeg of [resized, good, resized, good]) {
      stand.pipeline.jpeg(jpeg.slice(), 1);
      await until(() => stand.pipeline.idle, "the frame");
    }
    expect(half.stream).toBe(stream);
    expect(half.newestFrame).toBe(stand.pipeline.captured);
    expect(stand.pipeline.drops.byReason.source).toBe(2);
    const other = cjpeg(testPicture({ width: 200, height: 100 }));
    stand.pipeline.jpeg(other.slice(), 1);
    await deliverForAll(stand, other);
    expect(half.stream).toMatchObject({ width: 100, height: 50 });
  });

  test("to a size that there is no memory for is said, and the next picture is decoded", async () => {
    const failures: string[] = [];
    let decoded = 0;
    let isFull = true;
    const transcoder = new Transcoder({
      pool: threads.pool,
      reserve: ({ width, height }) => {
        if (isFull) throw new CodecError("no memory for pictures of this size");
        const address = threads.arena.take(4 * width * height);
        return { address, bytes: threads.arena.bytes(address, 4 * width * height), release: () => undefined };
      },
      isWanted: () => true,
      onPixels: () => decoded++,
      onStale: () => undefined,
      onStrange: () => undefined,
      onFailed: (reason) => failures.push(reason),
    });
    for (const frameNumber of [1, 2]) {
      const stamps = { frameNumber, capturedAt: 1, encodedAt: 1, isPassedOn: true };
      transcoder.offer({ ...SIZE, ...stamps, jpeg: good });
      transcoder.start();
      await until(() => transcoder.idle, "the picture");
      isFull = false;
    }
    expect([failures, decoded]).toEqual([["no memory for pictures of this size"], 1]);
  });

  test("that a thread dies of costs that frame of those who want tiles", async () => {
    const stand = new PipelineStand(threads, 0);
    const half = stand.want(HALF);
    await deliverForAll(stand, good);
    threads.pool.spoil = (job) => (job.kind === "decode" ? ({ ...job, target: null } as never) : job);
    stand.pipeline.jpeg(good.slice(), 1);
    await until(() => stand.pipeline.idle, "the thread's death");
    expect(stand.troubles.at(-1)).toContain("the codec thread failed");
    threads.pool.spoil = (job) => job;
    await deliverForAll(stand, good);
    expect(half.newestFrame).toBe(stand.pipeline.captured);
    expect(stand.freeSlots(rgba(SIZE))).toBe(SLOTS - 1);
    threads.restarted.length = 0;
  });
});

test("a camera that never writes EOI is taken as it is; one that leaves it out for once has lost the rest of a picture", () => {
  const whole = GOOD[0] as Uint8Array;
  const endless = whole.subarray(0, whole.length - 2);
  const always = new JpegIntake();
  expect(always.accept(endless)).toMatchObject({ ...SIZE, jpeg: endless });
  expect(always.accept(endless).jpeg).toBe(endless);
  const once = new JpegIntake();
  expect(once.accept(whole).jpeg).toBe(whole);
  expect(() => once.accept(endless)).toThrow(CodecError);
  expect(() => once.accept(endless)).toThrow(CodecError);
  expect(once.accept(whole).jpeg).toBe(whole);
});
