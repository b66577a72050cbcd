// Decoded tiles: any split among threads, any order, and tiles that arrive one by one give the same pixels as the picture decoded at once.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { flagsOf, instantiateDecoder, type TileBytes } from "../../../src/codec/simd/decoder.ts";
import { seams, shareOut, tileRectangle } from "../../../src/codec/jpeg/tile-rectangles.ts";
import { TILE_BYTES } from "../../../src/codec/kernel/decode/layout.ts";
import {
  BUILDS,
  cjpeg,
  type Content,
  missingPrograms,
  moduleOf,
  picture,
  randomFrom,
  DecoderFixture,
} from "../../support/decoder-kernel.ts";

const withPrograms = describe.skipIf(missingPrograms() !== "");

const SAMPLINGS = ["1x1", "2x1", "2x2", "1x2", "4x1", "grey"];
const CONTENTS: Content[] = ["photo", "noise", "text", "gradient"];

const jpegs = fc.record({
  width: fc.integer({ min: 1, max: 150 }),
  height: fc.integer({ min: 1, max: 90 }),
  sampling: fc.constantFrom(...SAMPLINGS),
  quality: fc.integer({ min: 5, max: 100 }),
  content: fc.constantFrom(...CONTENTS),
  restart: fc.integer({ min: 1, max: 12 }),
  seed: fc.integer(),
  box: fc.boolean(),
});
type Recipe = typeof jpegs extends fc.Arbitrary<infer T> ? T : never;

function make(recipe: Recipe): Uint8Array {
  const how = recipe.sampling === "grey" ? ["-grayscale"] : ["-sample", recipe.sampling];
  const image = picture(recipe.content, recipe.width, recipe.height, recipe.seed);
  return cjpeg(image, "-quality", String(recipe.quality), "-restart", `${recipe.restart}B`, ...how);
}

for (const build of BUILDS) {
  withPrograms(`tiles, ${build} SIMD`, () => {
    test("tiles in any ranges, on several kernels and in any order, give the whole picture", async () => {
      const fixture = await DecoderFixture.create(build);
      const kernels = [0, 1, 2].map(() => instantiateDecoder(moduleOf(build), fixture.memory));
      fc.assert(
        fc.property(jpegs, (recipe) => {
          const jpeg = make(recipe);
          const whole = fixture.decode(jpeg, recipe.box);
          const random = randomFrom(recipe.seed ^ 0x5bd1e995);
          const at = fixture.put(jpeg);
          const info = fixture.picture.readHeader(at, jpeg.length);
          const tiles = fixture.picture.indexTiles(at, jpeg.length);
          const { state, list } = fixture.picture;
          fixture.picture.clear();
          const cuts = [0, tiles, ...Array.from({ length: 4 }, () => Math.floor(random() * (tiles + 1)))];
          cuts.sort((a, b) => a - b);
          const ranges = cuts.slice(1).map((to, i) => [cuts[i] ?? 0, to] as const);
          ranges.sort(() => random() - 0.5);
          const scratches = kernels.map(() => fixture.allocate(fixture.picture.scratchBytes));
          ranges.forEach(([from, to], i) => {
            const worker = i % kernels.length;
            kernels[worker]?.decodeTiles(state, scratches[worker] ?? 0, list + from * TILE_BYTES, to - from, 0, 0, 0);
          });
          const stride = info.width * 4 + 8;
          const pixels = fixture.allocate(stride * info.height);
          fixture.bytes.fill(0xa5, pixels, pixels + stride * info.height);
          // The pixels are converted in rectangles with random borders.
          const x = Math.floor(random() * (info.width + 1));
          const y = Math.floor(random() * (info.height + 1));
          const parts = [
            [0, 0, x, y],
            [x, 0, info.width - x, y],
            [0, y, x, info.height - y],
            [x, y, info.width - x, info.height - y],
          ] as const;
          parts.forEach(([left, top, width, height], i) => {
            const worker = i % kernels.length;
            const status = kernels[worker]?.convert(
              state,
              scratches[worker] ?? 0,
              left,
              top,
              width,
              height,
              pixels,
              stride,
              flagsOf(recipe),
            );
            expect(status).toBe(0);
          });
          expect(fixture.pick(pixels, stride, info.width, info.height)).toEqual(whole.data);
          expect(fixture.brokenGuard()).toBe(-1);
        }),
        { numRuns: 150 },
      );
    }, 120_000);

    test("ranges of whole lines with their seams give the whole picture", async () => {
      const fixture = await DecoderFixture.create(build);
      const kernel = instantiateDecoder(moduleOf(build), fixture.memory);
      for (const sampling of SAMPLINGS) {
        for (const box of [false, true]) {
          const how = sampling === "grey" ? ["-grayscale"] : ["-sample", sampling];
          const jpeg = cjpeg(picture("noise", 70, 90), "-quality", "90", "-restart", "1", ...how);
          const whole = fixture.decode(jpeg, box);
          const at = fixture.put(jpeg);
          const info = fixture.picture.readHeader(at, jpeg.length);
          const tiles = fixture.picture.indexTiles(at, jpeg.length);
          const { state, list } = fixture.picture;
          fixture.picture.clear();
          const stride = info.width * 4;
          const pixels = fixture.allocate(stride * info.height);
          const scratch = fixture.allocate(fixture.picture.scratchBytes);
          const flags = flagsOf({ box });
          const shares = shareOut(info, 3);
          expect(shares.length).toBe(3);
          expect(shares.reduce((sum, share) => sum + share.tiles, 0)).toBe(tiles);
          for (const share of shares.toReversed()) {
            const from = list + share.firstTile * TILE_BYTES;
            expect(kernel.decodeTiles(state, scratch, from, share.tiles, pixels, stride, flags)).toBe(0);
          }
          for (const seam of seams(info, shares, kernel.waitingRows(state, flags))) {
            kernel.convert(state, scratch, seam.x, seam.y, seam.width, seam.height, pixels, stride, flags);
          }
          expect(fixture.pick(pixels, stride, info.width, info.height), `${sampling} ${box}`).toEqual(whole.data);
        }
      }
    });

    test("tiles decoded over an older picture equal the stitched JPEG decoded at once", async () => {
      const fixture = await DecoderFixture.create(build);
      const live = await DecoderFixture.create(build);
      fc.assert(
        fc.property(jpegs, fc.integer(), (recipe, seed) => {
          const before = make(recipe);
          const after = make({ ...recipe, seed, content: "photo" });
          const random = randomFrom(seed);
          // All tiles of the first picture have arrived.
          const header = headerOf(before);
          const at = live.put(before.subarray(0, header));
          const info = live.picture.readHeader(at, header);
          live.picture.clear();
          const stride = info.width * 4;
          const pixels = live.allocate(stride * info.height);
          const oldTiles = tilesOf(before, header);
          const newTiles = tilesOf(after, headerOf(after));
          expect(oldTiles.length).toBe(info.tiles);
          const sent = (tiles: Uint8Array[], numbers: number[]): TileBytes[] =>
            numbers.map((number) => {
              const bytes = tiles[number] ?? new Uint8Array(0);
              return { number, address: live.put(bytes), length: bytes.length };
            });
          const all = oldTiles.map((_, i) => i);
          expect(live.picture.decodeTiles(sent(oldTiles, all))).toBe(0);
          live.picture.convert({ x: 0, y: 0, width: info.width, height: info.height }, pixels, stride, recipe);
          expect(live.pick(pixels, stride, info.width, info.height)).toEqual(fixture.decode(before, recipe.box).data);
          // Some tiles change, in random order. Only the rectangles around them are converted.
          const changed = all.filter(() => random() < 0.4).sort(() => random() - 0.5);
          expect(live.picture.decodeTiles(sent(newTiles, changed))).toBe(0);
          for (const number of changed) {
            live.picture.convert(tileRectangle(info, number, recipe), pixels, stride, recipe);
          }
          const stitched = stitch(
            before.subarray(0, header),
            all.map((i) => (changed.includes(i) ? newTiles : oldTiles)[i]),
          );
          expect(live.pick(pixels, stride, info.width, info.height)).toEqual(fixture.decode(stitched, recipe.box).data);
          expect(live.brokenGuard()).toBe(-1);
        }),
        { numRuns: 100 },
      );
    }, 120_000);
  });
}

/** The bytes before the entropy-coded data. */
function headerOf(jpeg: Uint8Array): number {
  let at = 2;
  while (jpeg[at + 1] !== 0xda) at += 2 + (jpeg[at + 2] ?? 0) * 256 + (jpeg[at + 3] ?? 0);
  return at + 2 + (jpeg[at + 2] ?? 0) * 256 + (jpeg[at + 3] ?? 0);
}

/** The entropy-coded segments between the markers. */
function tilesOf(jpeg: Uint8Array, header: number): Uint8Array[] {
  const tiles: Uint8Array[] = [];
  let from = header;
  for (let i = header; i + 1 < jpeg.length; i++) {
    if (jpeg[i] !== 0xff || jpeg[i + 1] === 0) continue;
    tiles.push(jpeg.subarray(from, i));
    from = i + 2;
  }
  return tiles;
}

function stitch(header: Uint8Array, tiles: (Uint8Array | undefined)[]): Uint8Array {
  const parts: number[] = [...header];
  tiles.forEach((tile, i) => {
    parts.push(...(tile ?? []), 0xff, i + 1 === tiles.length ? 0xd9 : 0xd0 + (i & 7));
  });
  return new Uint8Array(parts);
}
