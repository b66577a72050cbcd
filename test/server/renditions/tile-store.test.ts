// The tile store: missing tiles, aborted frames, and whole JPEGs that are stitched from tiles.

import { beforeAll, expect, test } from "bun:test";
import fc from "fast-check";
import type { TileList } from "../../../src/protocol/tile-list.ts";
import { TileStore } from "../../../src/server/renditions/tile-store.ts";
import { djpeg, ffmpeg } from "../../support/jpeg-tools.ts";
import { largestDifference, psnr, testPicture } from "../../support/samples.ts";
import { type Frame, WholeEncoder } from "../../support/tile-scheduler-fixture.ts";
import { tilesOf } from "../../support/tile-lists.ts";

const HEADER = new Uint8Array([1, 2, 3]);
const TILES = 4;

let whole: WholeEncoder;
beforeAll(async () => {
  whole = await WholeEncoder.load();
});

/** A store with frame 1, which has all tiles. */
function filled(): TileStore {
  const store = new TileStore(HEADER, TILES);
  store.open(1);
  for (let tile = 0; tile < TILES; tile++) putOne(store, tile, bytes(1, tile));
  store.commit();
  return store;
}

function bytes(frame: number, tile: number): Uint8Array {
  return new Uint8Array(10 * frame + tile).fill(16 * frame + tile);
}

function putOne(store: TileStore, tile: number, itsBytes: Uint8Array): void {
  store.put([tile], [itsBytes.length], itsBytes);
}

/** Each tile, as `TILE of FRAME`. */
function named(tiles: TileList): string[] {
  return tilesOf(tiles).map((tile) => `${tile.number} of ${((tile.bytes[0] ?? 0) - tile.number) / 16}`);
}

test("TileStore: a viewer lacks the tiles of committed frames that are newer than its own", () => {
  const store = filled();
  expect([store.newestFrame, store.wholeBytes]).toEqual([1, 10 + 11 + 12 + 13]);
  store.open(5);
  putOne(store, 2, bytes(5, 2));
  expect([store.newestFrame, store.wholeBytes]).toEqual([1, 46]);
  expect(named(store.missing(0))).toEqual(["0 of 1", "1 of 1", "2 of 1", "3 of 1"]);
  store.commit();
  expect([store.newestFrame, store.wholeBytes]).toEqual([5, 46 - 12 + 52]);
  expect(named(store.missing(0))).toEqual(["0 of 1", "1 of 1", "2 of 5", "3 of 1"]);
  expect(named(store.missing(1))).toEqual(["2 of 5"]);
  expect(named(store.missing(4))).toEqual(["2 of 5"]);
  expect(named(store.missing(5))).toEqual([]);
  expect(named(store.missing(6))).toEqual([]);
});

test("TileStore: a frame without changed tiles counts as a newer frame", () => {
  const store = filled();
  store.open(2);
  store.commit();
  expect([store.newestFrame, store.missing(1).numbers.length]).toEqual([2, 0]);
});

test("TileStore: an aborted frame leaves no trace, and its number may be used again", () => {
  const store = filled();
  store.open(2);
  putOne(store, 0, bytes(2, 0));
  store.abort();
  expect([store.newestFrame, store.wholeBytes, store.missing(1).numbers.length]).toEqual([1, 46, 0]);
  store.open(2);
  putOne(store, 1, bytes(2, 1));
  store.commit();
  expect(named(store.missing(1))).toEqual(["1 of 2"]);
});

test("TileStore: parts of an open frame replace the tiles of earlier frames", () => {
  const store = filled();
  store.open(3);
  putOne(store, 1, bytes(3, 1));
  store.commit();
  store.open(4);
  putOne(store, 2, bytes(4, 2));
  expect(named(store.missingOfOpen(0, 0, 2))).toEqual(["0 of 1", "1 of 3"]);
  expect(named(store.missingOfOpen(0, 2, 2))).toEqual(["2 of 4", "3 of 1"]);
  expect(named(store.missingOfOpen(1, 0, 4))).toEqual(["1 of 3", "2 of 4"]);
  expect(named(store.missingOfOpen(3, 0, 4))).toEqual(["2 of 4"]);
});

test("TileStore: keeps a block until none of its tiles is the newest", () => {
  const store = filled();
  store.open(2);
  const both = new Uint8Array([...bytes(2, 1), ...bytes(2, 3)]);
  store.put([1, 3], [21, 23], both);
  both.fill(0xee); // the store has made a copy
  store.commit();
  for (let frame = 3; frame < 10; frame++) {
    store.open(frame);
    putOne(store, 1, bytes(frame, 1));
    if (frame % 2 === 0) store.commit();
    else store.abort();
    const newest = frame - (frame % 2);
    expect(named(store.missing(0))).toEqual(["0 of 1", `1 of ${newest}`, "2 of 1", "3 of 2"]);
  }
});

test("TileStore: refuses frames out of order, and tiles without an open frame", () => {
  const store = filled();
  expect(() => store.open(1)).toThrow(RangeError);
  expect(() => putOne(store, 0, bytes(1, 0))).toThrow(RangeError);
  store.open(2);
  expect(() => putOne(store, TILES, bytes(2, 0))).toThrow(RangeError);
});

test("TileStore: a viewer that takes the tiles that it lacks has the same tiles as a plain copy", () => {
  const step = fc.record({
    changed: fc.array(fc.nat(TILES - 1), { maxLength: 6 }),
    isCommitted: fc.boolean(),
    viewerComes: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const store = filled();
      let truth = tilesOf(store.missing(0)).map((tile) => tile.bytes);
      const viewer: Uint8Array[] = [];
      let since = 0;
      for (const [index, { changed, isCommitted, viewerComes }] of steps.entries()) {
        const next = [...truth];
        store.open(index + 2);
        for (const tile of changed) {
          const itsBytes = new Uint8Array([index, tile]);
          next[tile] = itsBytes;
          putOne(store, tile, itsBytes);
        }
        if (isCommitted) store.commit();
        else store.abort();
        if (isCommitted) truth = next;
        if (!viewerComes) continue;
        for (const tile of tilesOf(store.missing(since))) viewer[tile.number] = tile.bytes;
        since = store.newestFrame;
        expect(viewer).toEqual(truth);
      }
      expect(store.wholeBytes).toBe(truth.reduce((sum, tile) => sum + tile.length, 0));
    }),
  );
});

test("TileStore: stitch returns null before the first frame", () => {
  const store = new TileStore(HEADER, TILES);
  expect(store.stitch()).toBeNull();
  store.open(1);
  expect(store.stitch()).toBeNull();
});

test("TileStore: stitches tiles of several frames into a JPEG that djpeg and ffmpeg read", () => {
  const size = { width: 337, height: 203 };
  const level = { halvings: 0, quality: 90 };
  const before: Frame = { ...size, format: "rgb24", pixels: testPicture(size).pixels };
  const after: Frame = { ...before, pixels: testPicture(size, 40).pixels };
  const { header, tiles } = whole.encode(before, level);
  const changed = whole.encode(after, level).tiles;
  const store = new TileStore(header, tiles.length);
  store.open(1);
  for (const [number, tile] of tiles.entries()) putOne(store, number, tile);
  store.commit();
  store.open(2);
  for (let number = 0; number < tiles.length / 2; number++) putOne(store, number, changed[number] as Uint8Array);
  expect(psnr(djpeg(store.stitch() as Uint8Array).pixels, before.pixels)).toBeGreaterThan(33);
  store.commit();
  const jpeg = store.stitch() as Uint8Array;
  const decoded = djpeg(jpeg);
  const half = 3 * size.width * 96;
  expect(psnr(decoded.pixels.subarray(0, half), after.pixels.subarray(0, half))).toBeGreaterThan(33);
  const rest = 3 * size.width * 120;
  expect(psnr(decoded.pixels.subarray(rest), before.pixels.subarray(rest))).toBeGreaterThan(33);
  const args = ["-f", "mjpeg", "-i", "-", "-f", "rawvideo", "-pix_fmt", "gray", "-"];
  const { bytes: luma, errors } = ffmpeg(args, jpeg);
  expect(errors).toBe("");
  expect(largestDifference(luma, djpeg(jpeg, "-grayscale").pixels)).toBeLessThanOrEqual(3);
});
