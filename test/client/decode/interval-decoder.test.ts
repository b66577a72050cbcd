// IntervalDecoder: several threads make the same pixels as one thread and as djpeg, and damage affects only the intervals that it hits.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { Arena } from "../../../src/codec/memory/arena.ts";
import { BUN_RUNTIME } from "../../../src/codec/bun/runtime.ts";
import { CodecPool } from "../../../src/codec/threads/pool.ts";
import { createPictureDecoder, type PictureDecoder } from "../../../src/client/decode/picture-decoder.ts";
import type { DecodedPicture } from "../../../src/client/picture.ts";
import type { Size } from "../../../src/core/pixel-format.ts";
import { cjpeg, djpeg, run } from "../../support/jpeg-tools.ts";
import { largestDifference, testPicture, toRgbaBytes } from "../../support/samples.ts";
import { until } from "../../support/wait-until.ts";
import { withoutTables } from "../../support/stripped-jpeg.ts";
import { openConnection, type RealConnection } from "../../support/real-connection.ts";

const THREADS = 2;

/** A pool that records the kinds of its jobs, and makes one fail if a test asks for it. */
class WatchedPool extends CodecPool {
  kinds: string[] = [];
  spoils = false;
  override tryRun: CodecPool["tryRun"] = (job, done, onPart = null) => {
    this.kinds.push(job.kind);
    const given = this.spoils ? ({ ...job, batches: null } as never) : job;
    this.spoils = false;
    return CodecPool.prototype.tryRun.call(this, given, done as () => void, onPart);
  };
}

let server: RealConnection;
let pool: WatchedPool;
let decoder: PictureDecoder | null = null;
let decoded: DecodedPicture[] = [];
let dropped: { frameNumber: number; cause: string; reason: string }[] = [];
let frameNumber = 0;

beforeAll(async () => {
  server = await openConnection();
  const arena = Arena.create();
  pool = new WatchedPool({
    runtime: BUN_RUNTIME,
    arena,
    codec: "simd",
    threads: THREADS,
    onIdle: () => decoder?.pump(),
    onBroken: () => undefined,
    onRestarted: () => undefined,
  });
  decoder = await createPictureDecoder(arena, pool, {
    onDecoded: (picture) => decoded.push(picture),
    onDropped: (frame, cause, reason) => dropped.push({ frameNumber: frame.frameNumber, cause, reason }),
  });
  await pool.started;
});
afterAll(async () => {
  server.close();
  await pool.close();
});
beforeEach(() => {
  for (const { slot } of decoded) slot.release();
  decoded = [];
  dropped = [];
  pool.kinds = [];
});

function offer(jpeg: Uint8Array): void {
  const stamps = { capturedAt: 1, encodedAt: 2, sentAt: 3, firstByteAt: 4, lastByteAt: 5 };
  const received = {
    frameNumber: ++frameNumber,
    ...stamps,
    bytes: jpeg.length,
    maxPixels: 2 ** 26,
    origin: server.connection,
  };
  decoder?.offer({ ...received, jpeg: new Uint8Array(jpeg) });
}

/** The pixels of a single picture. */
async function decode(jpeg: Uint8Array): Promise<{ pixels: Uint8Array; isDamaged: boolean; kinds: string[] }> {
  pool.kinds = [];
  await until(() => pool.idleThreads === THREADS, "idle threads");
  const before = decoded.length + dropped.length;
  offer(jpeg);
  await until(() => decoded.length + dropped.length > before, "the picture");
  const picture = decoded.at(-1);
  if (picture?.received.frameNumber !== frameNumber) throw new Error(`it was dropped: ${dropped.at(-1)?.reason}`);
  const pixels = new Uint8Array(picture.pixels);
  picture.slot.release();
  decoded.pop();
  return { pixels, isDamaged: picture.isDamaged, kinds: pool.kinds };
}

const SIZES: Size[] = [
  { width: 640, height: 480 },
  { width: 333, height: 201 },
  { width: 17, height: 300 },
];

describe("IntervalDecoder: pixels", () => {
  test.each([
    ["a marker each line", "1", ["-sample", "2x2"]],
    ["a marker every two lines, 4:2:2", "2", ["-sample", "2x1"]],
    ["a marker each MCU, 4:4:4", "1B", ["-sample", "1x1"]],
    ["four MCUs", "4B", ["-sample", "2x2"]],
    ["seven MCUs, which do not end with lines, 4:4:0", "7B", ["-sample", "1x2"]],
    ["grey", "1", ["-grayscale"]],
    ["tables of its own", "1", ["-optimize"]],
  ])("IntervalDecoder: makes the same pixels as one thread and as djpeg, %s", async (_, restart, args) => {
    for (const size of SIZES) {
      const plain = cjpeg(testPicture(size), "-quality", "90", ...args);
      const jpeg = run(["jpegtran", "-restart", restart, "-copy", "all"], plain).bytes; // both pictures have the same coefficients
      const parts = await decode(jpeg);
      const one = await decode(plain);
      expect(one.kinds).toEqual(["decode"]);
      expect(Buffer.compare(parts.pixels, one.pixels)).toBe(0);
      expect(largestDifference(parts.pixels, toRgbaBytes(djpeg(jpeg)))).toBeLessThanOrEqual(4);
      expect([parts.isDamaged, one.isDamaged]).toEqual([false, false]);
      if (size === SIZES[0]) expect(parts.kinds).toEqual(["tiles", "tiles"]);
    }
  });
});

test("IntervalDecoder: leaves a picture to another codec if only that can read it", async () => {
  const jpeg = cjpeg(testPicture(SIZES[0] as Size), "-progressive", "-restart", "1");
  const { kinds, pixels } = await decode(jpeg);
  expect(kinds).toEqual(["decode"]);
  expect(largestDifference(pixels, toRgbaBytes(djpeg(jpeg)))).toBeLessThanOrEqual(4);
});

test("IntervalDecoder: decodes pictures of many sizes and intervals one after the other", async () => {
  for (let round = 0; round < 30; round++) {
    const size = SIZES[round % SIZES.length] as Size;
    const jpeg = cjpeg(testPicture(size, round * 7), "-restart", `${1 + (round % 3)}`);
    const { pixels } = await decode(jpeg);
    expect(largestDifference(pixels, toRgbaBytes(djpeg(jpeg)))).toBeLessThanOrEqual(4);
  }
});

test("IntervalDecoder: of a burst the newest picture wins, and no slot is lost", async () => {
  const jpegs = Array.from({ length: 12 }, (_, index) =>
    cjpeg(testPicture(SIZES[0] as Size, index * 9), "-restart", "1"),
  );
  await until(() => pool.idleThreads === THREADS, "idle threads");
  const first = frameNumber + 1;
  for (const jpeg of jpegs) offer(jpeg);
  await until(() => decoded.length + dropped.length === jpegs.length, "all of them");
  expect(decoded.map(({ received }) => received.frameNumber - first)).toEqual([0, 11]);
  for (const { pixels, received } of decoded) {
    const expected = toRgbaBytes(djpeg(jpegs[received.frameNumber - first] as Uint8Array));
    expect(largestDifference(new Uint8Array(pixels), expected)).toBeLessThanOrEqual(4);
  }
});

describe("IntervalDecoder: damaged pictures", () => {
  const size = SIZES[0] as Size;
  const jpeg = cjpeg(testPicture(size), "-restart", "1");
  const lines = size.height / 16;

  test("IntervalDecoder: damage affects only the intervals that it hits", async () => {
    const whole = await decode(jpeg);
    const damaged = new Uint8Array(jpeg);
    const marker = Buffer.from(jpeg).indexOf(Buffer.from([0xff, 0xd3]));
    damaged.fill(0, marker + 10, marker + 40);
    const { pixels, isDamaged } = await decode(damaged);
    expect(isDamaged).toBe(true);
    const row = (bytes: Uint8Array, y: number) => bytes.subarray(y * size.width * 4, (y + 1) * size.width * 4);
    const wrong = Array.from({ length: size.height }, (_, y) => y).filter(
      (y) => Buffer.compare(row(pixels, y), row(whole.pixels, y)) !== 0,
    );
    // The fourth marker ends the fourth line of MCUs. The fifth line is damaged, and the chroma filter spreads that to one row of each neighbour.
    expect(wrong.every((y) => y >= 4 * 16 - 1 && y <= 5 * 16)).toBe(true);
    expect(wrong.length).toBeGreaterThan(0);
  });

  test("IntervalDecoder: any damage loses the picture or parts of it; the next picture is whole", async () => {
    for (let length = 1; length < jpeg.length; length += Math.ceil(jpeg.length / 40)) {
      await until(() => pool.idleThreads === THREADS, "idle threads");
      const before = decoded.length + dropped.length;
      offer(jpeg.subarray(0, length));
      await until(() => decoded.length + dropped.length > before, "the cut-off picture");
      expect(decoded.at(-1)?.isDamaged ?? true).toBe(true);
      for (const { slot } of decoded.splice(0)) slot.release();
    }
    expect((await decode(jpeg)).isDamaged).toBe(false);
    expect(lines).toBe(30);
  });

  test("IntervalDecoder: a thread that fails costs one picture", async () => {
    await until(() => pool.idleThreads === THREADS, "idle threads");
    pool.spoils = true;
    offer(jpeg);
    await until(() => dropped.length === 1, "the end of the picture");
    expect(dropped[0]).toMatchObject({ cause: "decode" });
    await until(() => pool.idleThreads === THREADS, "another thread");
    expect((await decode(jpeg)).kinds).toEqual(["tiles", "tiles"]);
  });
});

test("PictureDecoder: a snapshot is a complete JPEG even if the camera leaves out Huffman tables", async () => {
  const jpeg = cjpeg(testPicture(SIZES[0] as Size));
  offer(withoutTables(jpeg));
  await until(() => decoded.length === 1, "the picture");
  expect(Buffer.compare(decoded[0]?.jpeg() as Uint8Array, jpeg)).toBe(0);
});
