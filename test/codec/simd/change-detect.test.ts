// Change detection: the kernel compared with the same rule, written out byte by byte, for formats, sizes, tiles and noise.

import { frameBytes, planesOf } from "../../../src/core/pixel-format.ts";
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type PictureFormat, type PixelPlane, SimdEncoder } from "../../../src/codec/simd/encoder.ts";
import type { PreparedPicture } from "../../../src/codec/tile-jobs.ts";
import { WASM } from "../../../src/codec/bun/wasm.ts";
import { createKernelMemory } from "../../../src/codec/simd/kernel-module.ts";
import { KERNEL_TABLES_BYTES } from "../../../src/codec/memory/arena.ts";
import { KernelError } from "../../../src/codec/simd/kernel-status.ts";
import { EncoderFixture } from "../../support/encoder-kernel.ts";
import { randomSequence } from "../../support/generated-pictures.ts";
import { pictureFormats, randomPixels, runs } from "../../support/random-pictures.ts";

const bytesOf = (format: PictureFormat): number => frameBytes(format.format, format.width, format.height);

/** The row or column of the pixel to which a byte of a plane belongs. */
function pixelOf(format: PictureFormat, plane: number, x: number): number {
  switch (format.format) {
    case "rgba":
      return Math.floor(x / 4);
    case "rgb24":
    case "bgr24":
      return Math.floor(x / 3);
    case "yuyv422":
      return Math.floor(x / 4) * 2;
    case "nv12":
      return plane === 0 ? x : Math.floor(x / 2) * 2;
    default:
      return plane === 0 ? x : x * 2;
  }
}

/** For each byte of a picture without padding, its tile and its place in its plane. */
function bytePlaces(format: PictureFormat, picture: PreparedPicture) {
  const sampling =
    format.sampling ?? (format.format === "gray" ? "gray" : format.format === "yuyv422" ? "4:2:2" : "4:2:0");
  const mcuWidth = sampling === "4:2:0" || sampling === "4:2:2" ? 16 : 8;
  const mcuHeight = sampling === "4:2:0" ? 16 : 8;
  return planesOf(format.format, format, 0).flatMap(({ address, rowBytes }, plane) => {
    const rows = plane === 0 ? format.height : Math.ceil(format.height / 2);
    return Array.from({ length: rows * rowBytes }, (_, n) => {
      const [x, y] = [n % rowBytes, Math.floor(n / rowBytes)];
      const mcu = Math.floor(pixelOf(format, plane, x) / mcuWidth);
      const line = Math.floor((plane === 0 ? y : y * 2) / mcuHeight);
      const tile = line * picture.tilesPerLine + Math.floor(mcu / picture.restartIntervalMcus);
      return { at: address + n, plane, x, y, tile };
    });
  });
}

/** The rule, byte by byte. Returns the tiles that differ. */
function changedTiles(
  format: PictureFormat,
  picture: PreparedPicture,
  a: Uint8Array,
  b: Uint8Array,
  noise: number,
): boolean[] {
  const places = bytePlaces(format, picture);
  const difference = (at: number): number => (a[at] ?? 0) - (b[at] ?? 0);
  const planes = planesOf(format.format, format, 0);
  return Array.from({ length: picture.tileCount }, (_, tile) =>
    planes.some(({ address, rowBytes }, plane) => {
      const own = places.filter((place) => place.tile === tile && place.plane === plane);
      if (noise === 0) return own.some(({ at }) => difference(at) !== 0);
      const first = own[0];
      const last = own.at(-1);
      if (first === undefined || last === undefined) throw new Error(`tile ${tile} has no byte in plane ${plane}`);
      const width = last.x - first.x + 1;
      const unitWidth = Math.min(width, 8);
      const starts = new Set<number>();
      // The kernel compares units in pairs. An incomplete last pair is moved back, so that it ends with the tile.
      for (let x = 0; x < width; x += 16) {
        starts.add(Math.max(Math.min(x, width - 16), 0));
        starts.add(Math.min(Math.max(Math.min(x, width - 16), 0) + 8, width - unitWidth));
      }
      for (let top = first.y; top <= last.y; top += 8) {
        for (const start of starts) {
          let [sum, squares, count] = [0, 0, 0];
          for (let y = top; y <= Math.min(top + 7, last.y); y++) {
            for (let x = first.x + start; x < first.x + start + unitWidth; x++) {
              const d = difference(address + y * rowBytes + x);
              sum += d;
              squares += d * d;
              count++;
            }
          }
          if (Math.abs(sum) > noise * count || squares > 8 * noise * noise * count) return true;
        }
      }
      return false;
    }),
  );
}

/** Moves the rows of a picture further apart, with `filler` in the gaps. */
function spreadPlanes(format: PictureFormat, pixels: Uint8Array, gapBytes: number, filler: number) {
  return planesOf(format.format, format, 0).map(({ address, rowBytes }, plane) => {
    const rows = plane === 0 ? format.height : Math.ceil(format.height / 2);
    // The last row has no gap after its pixels.
    const spread = new Uint8Array(rows * (rowBytes + gapBytes) - gapBytes).fill(filler);
    for (let row = 0; row < rows; row++)
      spread.set(
        pixels.subarray(address + row * rowBytes, address + (row + 1) * rowBytes),
        row * (rowBytes + gapBytes),
      );
    return { spread, rowBytes: rowBytes + gapBytes };
  });
}

/** A picture like `pixels`, with noise everywhere and a stronger change in some places. */
function disturbed(pixels: Uint8Array, seed: number, amplitude: number, share: number): Uint8Array {
  const random = randomSequence(seed);
  let shift = 0;
  return pixels.map((level, n) => {
    if (n % 61 === 0) shift = random() < share ? (random() - 0.5) * 12 * amplitude : 0;
    return Math.max(0, Math.min(255, Math.round(level + shift + (random() - 0.5) * 4 * amplitude)));
  });
}

const noises = fc.constantFrom(0, 0.3, 1, 1.75, 2, 5, 40, Number.POSITIVE_INFINITY);

/** Numbers of the standard normal distribution (Box and Muller 1958). */
function gaussian(seed: number): () => number {
  const random = randomSequence(seed);
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

for (const variant of ["relaxed", "plain"] as const) {
  describe(`${variant} build`, () => {
    /** Two pictures in separate memory, with guard bytes around each plane. */
    async function createPair() {
      const fixture = await EncoderFixture.create(variant, 16 << 20);
      const place = (format: PictureFormat, a: Uint8Array, b: Uint8Array, gapBytes = 0) => {
        const planes = spreadPlanes(format, a, gapBytes, 1);
        const references = spreadPlanes(format, b, gapBytes, 254);
        const [state = 0, ...addresses] = fixture.layOut([
          { bytes: fixture.encoder.stateBytes, aligned: true },
          ...[...planes, ...references].map(({ spread }) => ({ bytes: spread.length, aligned: false })),
        ]);
        const placed = [...planes, ...references].map(({ spread, rowBytes }, index) => {
          const address = addresses[index] ?? 0;
          fixture.bytes.set(spread, address);
          return { address, rowBytes };
        });
        return {
          picture: fixture.encoder.prepare(state, format),
          planes: placed.slice(0, planes.length),
          references: placed.slice(planes.length),
        };
      };
      const tiles = (
        { picture, planes, references }: { picture: PreparedPicture; planes: PixelPlane[]; references: PixelPlane[] },
        noise: number,
      ): boolean[] =>
        Array.from({ length: picture.tileCount }, (_, tile) =>
          fixture.encoder.tileDiffers(picture, planes, references, tile, noise),
        );
      return { fixture, place, tiles };
    }

    test("tileDiffers is false for equal pixels", async () => {
      const { place, tiles } = await createPair();
      fc.assert(
        fc.property(pictureFormats(200), fc.nat(), fc.nat(40), noises, (format, seed, gapBytes, noise) => {
          const pixels = randomPixels(bytesOf(format), seed);
          expect(tiles(place(format, pixels, pixels, gapBytes), noise)).not.toContain(true);
        }),
        { numRuns: runs },
      );
    });

    test("tileDiffers with noise 0 finds a change of one level in one byte, and only in its tile", async () => {
      const { fixture, place, tiles } = await createPair();
      fc.assert(
        fc.property(pictureFormats(120), fc.nat(), fc.nat(), fc.nat(40), (format, seed, byte, gapBytes) => {
          const pixels = randomPixels(bytesOf(format), seed);
          const changed = pixels.slice();
          const at = byte % pixels.length;
          changed[at] = (pixels[at] ?? 0) + (pixels[at] === 255 ? -1 : 1);
          const placed = place(format, changed, pixels, gapBytes);
          const found = tiles(placed, 0);
          const expected = bytePlaces(format, placed.picture).find((place) => place.at === at)?.tile;
          expect(found.flatMap((differs, tile) => (differs ? [tile] : []))).toEqual([expected ?? -1]);
          fixture.checkCanaries();
        }),
        { numRuns: runs },
      );
    });

    test("tileDiffers distinguishes noise from changes as the rule does", async () => {
      const { place, tiles } = await createPair();
      let [different, alike] = [0, 0];
      fc.assert(
        fc.property(
          pictureFormats(90),
          fc.record({ seed: fc.nat(), gapBytes: fc.nat(40), share: fc.constantFrom(0, 0.002, 0.05) }),
          fc.integer({ min: 0, max: 75 }),
          noises,
          (format, { seed, gapBytes, share }, strength, noise) => {
            const pixels = randomPixels(bytesOf(format), seed);
            const other = disturbed(pixels, seed + 1, (strength / 25) * Math.min(noise, 60), share);
            const placed = place(format, other, pixels, gapBytes);
            const expected = changedTiles(format, placed.picture, other, pixels, noise);
            expect(tiles(placed, noise)).toEqual(expected);
            const count = expected.filter((differs) => differs).length;
            different += count;
            alike += expected.length - count;
          },
        ),
        { numRuns: runs },
      );
      // Both results must be frequent, because otherwise the property would prove nothing.
      expect(Math.min(different, alike)).toBeGreaterThan(runs / 2);
    });

    test("tileDiffers accepts a mean of N and a mean square of 8 N², and nothing more", async () => {
      const { place, tiles } = await createPair();
      for (const [width, height] of [
        [8, 8],
        [3, 8],
        [8, 5],
        [64, 64],
        [43, 21],
        [12, 8],
      ] as const) {
        const format = { width, height, format: "gray", quality: 75 } as const;
        const flat = new Uint8Array(bytesOf(format)).fill(100);
        const unitWidth = Math.min(width, 8);
        // The first and the last unit of a row, in the first and in the last row. The last unit may overlap its neighbour.
        for (const [left, top] of [
          [0, 0],
          [width - unitWidth, 0],
          [0, Math.floor((height - 1) / 8) * 8],
          [width - unitWidth, Math.floor((height - 1) / 8) * 8],
        ] as const) {
          const rows = Math.min(8, height - top);
          const unit = Array.from(
            { length: unitWidth * rows },
            (_, n) => (top + Math.floor(n / unitWidth)) * width + left + (n % unitWidth),
          );
          const differs = (noise: number, differences: (n: number) => number): boolean => {
            const changed = flat.slice();
            for (const [n, at] of unit.entries()) changed[at] = 100 + differences(n);
            const found = tiles(place(format, changed, flat), noise);
            expect(tiles(place(format, flat, changed), noise)).toEqual(found);
            return found.includes(true);
          };
          expect(differs(3, () => 3)).toBe(false);
          expect(differs(3, (n) => (n === 1 ? 4 : 3))).toBe(true);
          expect(differs(3, () => -3)).toBe(false);
          expect(differs(3, (n) => (n === unit.length - 1 ? -4 : -3))).toBe(true);
          const pairs = unit.length - (unit.length % 4);
          // Half of the bytes differ by ±4 N. The sum of the squares is 16 N² · n / 2, and the mean is 0.
          const half = (n: number): number => (n >= pairs ? 0 : ([8, -8, 0, 0][n % 4] ?? 0));
          expect(differs(2, half)).toBe(false);
          if (pairs === unit.length) expect(differs(2, (n) => (n === 2 ? 1 : half(n)))).toBe(true);
          // A mean of half a level is one level in half of the bytes.
          const even = unit.length - (unit.length % 2);
          expect(differs(0.5, (n) => (n < even && n % 2 === 0 ? 1 : 0))).toBe(false);
          expect(differs(0.5, (n) => (n % 2 === 0 || n === 1 ? 1 : 0))).toBe(true);
        }
      }
    });

    test("tileDiffers ignores sensor noise of 2 levels, and finds a block that is 3 levels brighter", async () => {
      const { place, tiles } = await createPair();
      const format = { width: 1280, height: 720, format: "yuvj420p", quality: 75 } as const;
      const normal = gaussian(7);
      const scene = Uint8Array.from({ length: bytesOf(format) }, (_, n) => 40 + ((n * 7) % 1280) / 8);
      const shot = (): Uint8Array => scene.map((level) => Math.round(level + 2 * normal()));
      const [before, now] = [shot(), shot()];
      expect(tiles(place(format, now, before), 2)).not.toContain(true);
      for (const [x, y, tile] of [
        [0, 0, 0],
        [648, 368, 235],
        [1272, 712, 449],
      ] as const) {
        const changed = now.slice();
        for (let n = 0; n < 64; n++) {
          const at = (y + (n >> 3)) * 1280 + x + (n & 7);
          changed[at] = (now[at] ?? 0) + 3;
        }
        const found = tiles(place(format, changed, before), 2);
        expect(found.flatMap((differs, index) => (differs ? [index] : []))).toEqual([tile]);
      }
    });

    test("tileDiffers reads no byte after the pixels, even if the pixels end where the memory ends", async () => {
      const memory = createKernelMemory(KERNEL_TABLES_BYTES + (4 << 20));
      const encoder = new SimdEncoder(await WASM.kernel("encoder", variant), memory);
      const bytes = new Uint8Array(memory.buffer);
      fc.assert(
        fc.property(pictureFormats(300), fc.nat(), noises, fc.boolean(), (format, seed, noise, isReferenceLast) => {
          const pixels = randomPixels(bytesOf(format), seed);
          const last = bytes.length - pixels.length;
          const first = last - pixels.length;
          bytes.set(pixels, first);
          bytes.set(pixels, last);
          const picture = encoder.prepare(KERNEL_TABLES_BYTES, format);
          const planes = planesOf(format.format, format, isReferenceLast ? first : last);
          const references = planesOf(format.format, format, isReferenceLast ? last : first);
          for (let tile = 0; tile < picture.tileCount; tile++) {
            expect(encoder.tileDiffers(picture, planes, references, tile, noise)).toBe(false);
            encoder.copyTile(picture, planes, references, tile);
          }
        }),
        { numRuns: runs },
      );
    });

    test("copyTile copies the pixels of one tile and nothing else", async () => {
      const { fixture, place, tiles } = await createPair();
      fc.assert(
        fc.property(pictureFormats(120), fc.nat(), fc.nat(), fc.nat(40), (format, seed, number, gapBytes) => {
          const pixels = randomPixels(bytesOf(format), seed);
          const other = pixels.map((level) => level ^ 0x80);
          const placed = place(format, pixels, other, gapBytes);
          const { picture, planes, references } = placed;
          const tile = number % picture.tileCount;
          const expected = other.slice();
          for (const { at, tile: owner } of bytePlaces(format, picture))
            if (owner === tile) expected[at] = pixels[at] ?? 0;
          fixture.encoder.copyTile(picture, planes, references, tile);
          fixture.checkCanaries();
          for (const [plane, { spread }] of spreadPlanes(format, expected, gapBytes, 254).entries()) {
            const start = references[plane]?.address ?? 0;
            expect(Buffer.compare(fixture.bytes.subarray(start, start + spread.length), spread)).toBe(0);
          }
          expect(tiles(placed, 0)).toEqual(Array.from({ length: picture.tileCount }, (_, n) => n !== tile));
        }),
        { numRuns: runs },
      );
    });

    test("tileDiffers refuses impossible tiles, rows, planes and noise", async () => {
      const { encoder } = await EncoderFixture.create(variant, 16 << 20);
      const state = KERNEL_TABLES_BYTES;
      const format = { width: 640, height: 480, format: "nv12", quality: 75 } as const;
      const picture = encoder.prepare(state, format);
      const planes = planesOf(format.format, format, 8 << 20);
      const [luma = { address: 0, rowBytes: 0 }, chroma = luma] = planes;
      const status = (run: () => unknown): unknown => {
        try {
          return run();
        } catch (error) {
          return error instanceof KernelError ? error.status : error;
        }
      };
      const both = (used: PreparedPicture, of: PixelPlane[], tile: number): unknown[] => [
        status(() => encoder.tileDiffers(used, of, of, tile, 1)),
        status(() => encoder.copyTile(used, of, of, tile)),
      ];
      expect(picture.tileCount).toBe(150);
      expect(both(picture, planes, 149)).toEqual([false, undefined]);
      for (const tile of [-1, 150, 0x7fffffff]) expect(both(picture, planes, tile)).toEqual([-6, -6]);
      expect(both(picture, [{ ...luma, rowBytes: 639 }, chroma], 0)).toEqual([-8, -8]);
      expect(both(picture, [luma, { ...chroma, rowBytes: 639 }], 0)).toEqual([-8, -8]);
      expect(both({ ...picture, stateAddress: 12 << 20 }, planes, 0)).toEqual([-9, -9]);
      for (const noise of [-1, Number.NaN])
        expect(() => encoder.tileDiffers(picture, planes, planes, 0, noise)).toThrow(RangeError);
      expect(() => encoder.tileDiffers(picture, planes, [luma], 0, 1)).toThrow(RangeError);
      expect(() => encoder.copyTile(picture, [luma], planes, 0)).toThrow(RangeError);
      expect(() => encoder.copyTile(picture, planes, [luma, { ...chroma, rowBytes: 700 }], 0)).toThrow(RangeError);
    });
  });
}
