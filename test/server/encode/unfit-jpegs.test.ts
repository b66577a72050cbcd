// JPEGs that are not passed on to viewers: the server decodes them as they are meant to be shown, or names their kind.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { deliverJpeg } from "../../../src/capture/source.ts";
import { halfSize } from "../../../src/core/pixel-format.ts";
import { cjpeg, djpeg, ffmpeg } from "../../support/jpeg-tools.ts";
import { withDensity, withFrameKind, withOrientation } from "../../support/marked-jpegs.ts";
import { psnr, testPicture } from "../../support/samples.ts";
import { EncodeFixture, Threads } from "../../support/tile-scheduler-fixture.ts";
import { until } from "../../support/wait-until.ts";

const SIZE = { width: 320, height: 240 };
const TURNED = { width: 240, height: 320 };
const FULL = { halvings: 0, quality: 95 };
const HALF = { halvings: 1, quality: 95 };
const PLAIN = cjpeg(testPicture(SIZE), "-quality", "90");

let threads: Threads;
beforeAll(async () => {
  threads = new Threads(2);
  await threads.pool.started;
});
afterAll(() => threads.pool.close());

/** Delivers a JPEG again and again until each wanted rendition has it, because threads may have to make tables first. */
async function deliver(fixture: EncodeFixture, jpeg: Uint8Array): Promise<void> {
  const lacksIt = () => fixture.renditions.wanted.some(({ newestFrame }) => newestFrame < fixture.captures.frames);
  for (let times = 0; times === 0 || lacksIt(); times++) {
    if (times === 50) throw new Error("a rendition never came");
    deliverJpeg(fixture.dispatcher, jpeg.slice(), times);
    await until(() => fixture.dispatcher.idle, "the frame");
  }
}

const ffmpegRgb = (jpeg: Uint8Array) =>
  ffmpeg(["-f", "mjpeg", "-i", "-", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"], jpeg).bytes;

test("a turned JPEG becomes tiles of the turned picture in each size, and is never passed on", async () => {
  const fixture = new EncodeFixture(threads, 0);
  const [full, half] = [fixture.want(FULL), fixture.want(HALF)];
  for (const orientation of [6, 8, 5, 7]) {
    const jpeg = withOrientation(PLAIN, orientation);
    await deliver(fixture, jpeg);
    expect(fixture.dispatcher.size).toEqual(TURNED);
    const shown = djpeg(full.stitch() as Uint8Array);
    expect({ width: shown.width, height: shown.height }).toEqual(TURNED);
    expect(psnr(shown.pixels, ffmpegRgb(jpeg))).toBeGreaterThan(33);
    expect(djpeg(half.stitch() as Uint8Array)).toMatchObject(halfSize(TURNED));
  }
  expect(fixture.published).toEqual([]);
  expect(fixture.figures.drops.total).toBe(0);
});

test("JPEGs with pixels that are not square, arithmetic-coded ones and CMYK become tiles", async () => {
  const cmyk = await Bun.file(join(import.meta.dir, "../../fixtures/jpeg-kinds/cmyk.jpg")).bytes();
  const jpegs: [Uint8Array, number, number][] = [
    [withDensity(PLAIN, 0, 4, 3), 427, 240],
    [cjpeg(testPicture(SIZE), "-arithmetic"), 320, 240],
    [cmyk, 48, 32],
  ];
  for (const [jpeg, width, height] of jpegs) {
    const fixture = new EncodeFixture(threads, 0);
    const full = fixture.want(FULL);
    await deliver(fixture, jpeg);
    expect(djpeg(full.stitch() as Uint8Array)).toMatchObject({ width, height });
    expect(fixture.published).toEqual([]);
  }
});

test("a source may change between JPEGs that are passed on and JPEGs that are not", async () => {
  const fixture = new EncodeFixture(threads, 0);
  fixture.watchesPictures = true;
  const full = fixture.want(FULL);
  await deliver(fixture, PLAIN);
  expect(fixture.published.at(-1)?.frameNumber).toBe(fixture.captures.frames);
  for (let times = 0; times < 3; times++) {
    await deliver(fixture, withOrientation(PLAIN, 3));
    const { frames } = fixture.captures;
    expect(full.newestFrame).toBe(frames);
    await deliver(fixture, PLAIN);
    expect(fixture.published.at(-1)?.frameNumber).toBe(fixture.captures.frames);
  }
  expect(fixture.figures.drops.total).toBe(0);
});

test("viewers of whole pictures are given tiles when the source begins to send turned JPEGs", async () => {
  const fixture = new EncodeFixture(threads, 0);
  fixture.watchesPictures = true; // no rendition is wanted
  const turned = withOrientation(PLAIN, 6);
  // The first one of another size is skipped, because it may be damaged.
  for (const jpeg of [PLAIN, turned, turned]) deliverJpeg(fixture.dispatcher, jpeg, 1);
  await until(() => fixture.events.includes("source 240x320"), "the new kind");
  expect(fixture.published.length).toBe(1);
});

test("without viewers a turned JPEG waits, and the newest one is decoded for the next viewer", async () => {
  const fixture = new EncodeFixture(threads, 0);
  for (let times = 0; times < 5; times++) deliverJpeg(fixture.dispatcher, withOrientation(PLAIN, 6), times);
  expect(fixture.dispatcher.idle).toBe(false);
  const full = fixture.want(FULL);
  fixture.dispatcher.pump();
  await until(() => fixture.dispatcher.idle && full.newestFrame === 5, "the newest as tiles");
  expect(djpeg(full.stitch() as Uint8Array)).toMatchObject(TURNED);
});

test("of a burst of turned JPEGs the newest is decoded, and the others are counted", async () => {
  const fixture = new EncodeFixture(threads, 0);
  const full = fixture.want(FULL);
  await deliver(fixture, withOrientation(PLAIN, 6));
  for (let times = 0; times < 20; times++) deliverJpeg(fixture.dispatcher, withOrientation(PLAIN, 6), times);
  await until(() => fixture.dispatcher.idle, "the frames");
  expect(full.newestFrame).toBe(fixture.captures.frames);
  expect(fixture.figures.drops.byReason).toMatchObject({ stale: 18, source: 0 });
});

test("a kind of JPEG that cannot be decoded is reported at once and only once, until a decodable one comes", async () => {
  const fixture = new EncodeFixture(threads, 0);
  fixture.want(FULL);
  const twelveBit = withFrameKind(PLAIN, 0xc1, 12);
  for (let times = 0; times < 5; times++) deliverJpeg(fixture.dispatcher, twelveBit, times);
  expect(fixture.troubles).toEqual([
    "the source sends 12-bit JPEG (SOF1, precision 12), which Slipstream does not decode; set the camera to 8-bit baseline JPEG of at most 8192x8192",
  ]);
  expect(fixture.figures.drops.byReason.source).toBe(5);
  await deliver(fixture, PLAIN);
  expect(fixture.troubles.at(-1)).toBeNull();
  for (let times = 0; times < 3; times++) deliverJpeg(fixture.dispatcher, twelveBit, times);
  expect(fixture.troubles.at(-1)).toContain("12-bit");
  fixture.deliver({ ...SIZE, format: "gray", pixels: new Uint8Array(SIZE.width * SIZE.height) });
  expect(fixture.troubles.at(-1)).toBeNull();
});

test("a single JPEG of another kind is only counted, because it may be damaged", async () => {
  const fixture = new EncodeFixture(threads, 0);
  fixture.watchesPictures = true;
  const lossless = withFrameKind(PLAIN, 0xc3);
  for (const jpeg of [PLAIN, lossless, PLAIN, lossless, lossless, PLAIN]) deliverJpeg(fixture.dispatcher, jpeg, 1);
  expect(fixture.troubles).toEqual([]);
  for (const jpeg of [lossless, lossless, lossless, lossless]) deliverJpeg(fixture.dispatcher, jpeg, 1);
  expect(fixture.troubles).toEqual([expect.stringContaining("the source sends lossless JPEG (SOF3), which")]);
});
