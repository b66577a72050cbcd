// PictureDecoder with real codec threads: the newest picture first, each picture ends exactly once, and all slots are released.

import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { Arena } from "../../../src/codec/memory/arena.ts";
import { BUN_RUNTIME } from "../../../src/codec/bun/runtime.ts";
import { CodecPool } from "../../../src/codec/threads/pool.ts";
import {
  createPictureDecoder,
  type PictureDecoder,
  type ReceivedPicture,
} from "../../../src/client/decode/picture-decoder.ts";
import type { DecodedPicture } from "../../../src/client/picture.ts";
import { cjpeg, djpeg } from "../../support/jpeg-tools.ts";
import { largestDifference, testPicture, toRgbaBytes } from "../../support/samples.ts";
import { until } from "../../support/wait-until.ts";
import { openConnection, type RealConnection } from "../../support/real-connection.ts";

const SIZE = { width: 160, height: 120 };
const THREADS = 2;
const JPEGS = [0, 11, 23, 37].map((shift) => cjpeg(testPicture(SIZE, shift)));

interface Dropped {
  frameNumber: number;
  cause: "stale" | "decode";
  reason: string;
}

interface Setup {
  decoder: PictureDecoder;
  decoded: DecodedPicture[];
  dropped: Dropped[];
}

let server: RealConnection;
const arena = Arena.create();
/** The threads of all tests. */
let pool: CodecPool;
/** The decoder of the test that runs. */
let decoder: PictureDecoder | null = null;
beforeAll(async () => {
  pool = new CodecPool({
    runtime: BUN_RUNTIME,
    arena,
    codec: "jsquash",
    threads: THREADS,
    onIdle: () => decoder?.pump(),
    onBroken: () => undefined,
    onRestarted: () => undefined,
  });
  [server] = await Promise.all([openConnection(), pool.started]);
});
afterEach(async () => {
  await until(() => decoder?.isIdle !== false, "the end of all pictures");
});
afterAll(async () => {
  server.close();
  await pool.close();
});

async function start(): Promise<Setup> {
  const decoded: DecodedPicture[] = [];
  const dropped: Dropped[] = [];
  const created = await createPictureDecoder(arena, pool, {
    onDecoded: (picture) => decoded.push(picture),
    onDropped: ({ frameNumber }, cause, reason) => dropped.push({ frameNumber, cause, reason }),
  });
  decoder = created;
  return { decoder: created, decoded, dropped };
}

function received(
  frameNumber: number,
  jpeg: Uint8Array = JPEGS[frameNumber % JPEGS.length] as Uint8Array,
): ReceivedPicture {
  const stamps = { capturedAt: 1, encodedAt: 2, sentAt: 3, firstByteAt: 4, lastByteAt: 5 };
  const bytes = { bytes: jpeg.length, jpeg: new Uint8Array(jpeg), maxPixels: 2 ** 26 };
  return { frameNumber, ...stamps, ...bytes, origin: server.connection };
}

const ended = ({ decoded, dropped }: Setup): number => decoded.length + dropped.length;

describe("PictureDecoder: decoding", () => {
  test("PictureDecoder: decodes as djpeg does, and keeps the stamps of the frame", async () => {
    const setup = await start();
    setup.decoder.offer(received(6));
    await until(() => ended(setup) === 1, "the picture");
    const picture = setup.decoded[0] as DecodedPicture;
    const jpeg = JPEGS[2] as Uint8Array;
    expect(picture).toMatchObject(SIZE);
    expect(picture.received).toMatchObject({ frameNumber: 6, capturedAt: 1, sentAt: 3, lastByteAt: 5 });
    expect(picture.received.origin).toBe(server.connection);
    expect(largestDifference(new Uint8Array(picture.pixels), toRgbaBytes(djpeg(jpeg)))).toBeLessThanOrEqual(4);
    expect(Buffer.from(picture.jpeg()).equals(jpeg)).toBe(true);
    expect(picture.busyMicros).toBeGreaterThan(0);
  });

  test("PictureDecoder: of a burst the newest picture wins; each older one is dropped once", async () => {
    const setup = await start();
    for (let frame = 1; frame <= 10; frame++) setup.decoder.offer(received(frame));
    expect(setup.dropped.map(({ frameNumber }) => frameNumber)).toEqual([3, 4, 5, 6, 7, 8, 9]);
    expect(new Set(setup.dropped.map(({ cause }) => cause))).toEqual(new Set(["stale"]));
    await until(() => ended(setup) === 10, "all pictures");
    expect(setup.decoded.map(({ received: { frameNumber } }) => frameNumber).toSorted((a, b) => a - b)).toEqual([
      1, 2, 10,
    ]);
  });

  test("PictureDecoder: pictures that are held at the same time have different slots", async () => {
    const setup = await start();
    for (const frame of [0, 1, 2]) {
      setup.decoder.offer(received(frame));
      await until(() => ended(setup) === frame + 1, "the picture");
    }
    for (const { pixels, received: each } of setup.decoded) {
      const expected = toRgbaBytes(djpeg(JPEGS[each.frameNumber] as Uint8Array));
      expect(largestDifference(new Uint8Array(pixels), expected)).toBeLessThanOrEqual(4);
    }
  });

  test("PictureDecoder: decodes pictures of changing sizes", async () => {
    const setup = await start();
    const sizes = [SIZE, { width: 33, height: 21 }, { width: 200, height: 150 }, { width: 1, height: 1 }];
    for (const [index, size] of sizes.entries()) {
      setup.decoder.offer(received(index, cjpeg(testPicture(size))));
      await until(() => ended(setup) === index + 1, "the picture");
      const last = setup.decoded.at(-1) as DecodedPicture;
      expect(last).toMatchObject(size);
      expect(last.pixels.length).toBe(size.width * size.height * 4);
      last.slot.release();
    }
  });
});

describe("PictureDecoder: use of slots", () => {
  test("PictureDecoder: the newest picture waits while all slots are taken", async () => {
    const setup = await start();
    const slots = THREADS + 3;
    for (let frame = 1; frame <= slots; frame++) {
      setup.decoder.offer(received(frame));
      await until(() => ended(setup) === frame, "the picture");
    }
    setup.decoder.offer(received(20));
    setup.decoder.offer(received(21));
    await Bun.sleep(30);
    expect(setup.decoded.length).toBe(slots);
    expect(setup.dropped.map(({ frameNumber }) => frameNumber)).toEqual([20]);
    setup.decoded[0]?.slot.release();
    setup.decoder.pump();
    await until(() => setup.decoded.length === slots + 1, "the waiting picture");
    expect(setup.decoded.at(-1)?.received.frameNumber).toBe(21);
  });

  test("PictureDecoder: loses no slot over a long run of good and damaged pictures", async () => {
    const setup = await start();
    const half = (JPEGS[0] as Uint8Array).slice(0, 300);
    for (let frame = 1; frame <= 60; frame++) {
      setup.decoder.offer(frame % 3 === 0 ? received(frame, half) : received(frame));
      await until(() => ended(setup) === frame, "the picture");
      if (frame % 3 !== 0) setup.decoded.at(-1)?.slot.release();
    }
    expect(setup.decoded.length).toBe(40);
    expect(setup.dropped.every(({ cause, frameNumber }) => cause === "decode" && frameNumber % 3 === 0)).toBe(true);
  });
});

describe("PictureDecoder: damaged pictures", () => {
  test.each([
    ["no JPEG at all", Buffer.from("nothing")],
    ["nothing", new Uint8Array()],
    ["a header that ends early", (JPEGS[0] as Uint8Array).slice(0, 200)],
    ["a size of 65535×65535", Buffer.from("ffd8ffc0000b08ffffffff01011100ffd9", "hex")],
    ["tables that do not exist", Buffer.from("ffd8ffc0000b080010001001011100ffda0008010100003f00aaffd9", "hex")],
  ])("PictureDecoder: drops %s with a reason, and decodes the next picture", async (_, bytes) => {
    const setup = await start();
    setup.decoder.offer(received(1, bytes));
    await until(() => ended(setup) === 1, "the end of the damaged picture");
    expect(setup.dropped).toMatchObject([{ frameNumber: 1, cause: "decode" }]);
    expect(setup.dropped[0]?.reason.length).toBeGreaterThan(5);
    setup.decoder.offer(received(2));
    await until(() => ended(setup) === 2, "the next picture");
    expect(setup.decoded.map(({ received: { frameNumber } }) => frameNumber)).toEqual([2]);
  });
});

// This is the last test, because it takes most of the arena.
test("PictureDecoder: drops a picture that does not fit in memory, and decodes the next one", async () => {
  const { decoder: last, decoded, dropped } = await start();
  arena.take(3 * 2 ** 30); // of 4 GiB; the system only reserves memory that is not written to
  // The frame header claims 8192 × 8192 pixels. That is 268 MB a slot, so a set of slots does not fit.
  const huge = Buffer.from(JPEGS[0] as Uint8Array);
  const sof = huge.indexOf(Buffer.from([0xff, 0xc0]));
  const resized = (height: number) => {
    const copy = Buffer.from(huge);
    copy.writeUInt16BE(height, sof + 5);
    copy.writeUInt16BE(8192, sof + 7);
    return copy;
  };
  for (const [index, height] of [6000, 7000, 8000, 8192].entries()) last.offer(received(index + 1, resized(height)));
  await until(
    () => dropped.some(({ reason }) => reason.includes("not enough memory")),
    "a picture too large for the memory",
  );
  last.offer(received(9));
  await until(() => decoded.some((picture) => picture.received.frameNumber === 9), "the next picture");
  expect(dropped.every(({ frameNumber }) => frameNumber < 9)).toBe(true);
});
