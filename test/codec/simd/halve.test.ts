// Halving: the kernel compared with means that are written out sample by sample, for formats, sizes and ranges of rows.

import { halfSize, frameBytes, PIXEL_FORMATS, type PixelFormat, type Size } from "../../../src/core/pixel-format.ts";
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { SimdEncoder } from "../../../src/codec/simd/encoder.ts";
import { WASM } from "../../../src/codec/bun/wasm.ts";
import { createKernelMemory, instantiateKernel } from "../../../src/codec/simd/kernel-module.ts";
import { KERNEL_TABLES_BYTES } from "../../../src/codec/memory/arena.ts";
import { KernelError } from "../../../src/codec/simd/kernel-status.ts";
import { EncoderFixture } from "../../support/encoder-kernel.ts";
import { randomSequence } from "../../support/generated-pictures.ts";
import { randomPixels, runs } from "../../support/random-pictures.ts";

/** One kind of sample (for example luma), and its offsets in a picture without gaps. */
interface Samples extends Size {
  readonly at: (x: number, y: number) => number;
}

function samplesOf(format: PixelFormat, { width, height }: Size): Samples[] {
  const chroma = { width: Math.ceil(width / 2), height: Math.ceil(height / 2) };
  const packed = (bytes: number): Samples[] =>
    Array.from({ length: bytes }, (_, n) => ({ width, height, at: (x, y) => (y * width + x) * bytes + n }));
  switch (format) {
    case "rgba":
      return packed(4);
    case "rgb24":
    case "bgr24":
      return packed(3);
    case "gray":
      return packed(1);
    case "yuv420p":
    case "yuvj420p":
      return [
        ...packed(1),
        ...[0, 1].map((n) => ({
          ...chroma,
          at: (x: number, y: number) => width * height + (n * chroma.height + y) * chroma.width + x,
        })),
      ];
    case "nv12":
      return [
        ...packed(1),
        ...[0, 1].map((n) => ({
          ...chroma,
          at: (x: number, y: number) => width * height + (y * chroma.width + x) * 2 + n,
        })),
      ];
    case "yuyv422":
      return [
        { width, height, at: (x, y) => y * chroma.width * 4 + x * 2 },
        ...[1, 3].map((n) => ({
          width: chroma.width,
          height,
          at: (x: number, y: number) => (y * chroma.width + x) * 4 + n,
        })),
      ];
  }
}

function halved(format: PixelFormat, size: Size, pixels: Uint8Array): Uint8Array {
  const half = halfSize(size);
  const target = new Uint8Array(frameBytes(format, half.width, half.height));
  const targets = samplesOf(format, half);
  for (const [index, from] of samplesOf(format, size).entries()) {
    const to = targets[index] ?? from;
    const sample = (x: number, y: number): number =>
      pixels[from.at(Math.min(x, from.width - 1), Math.min(y, from.height - 1))] ?? 0;
    for (let y = 0; y < to.height; y++) {
      for (let x = 0; x < to.width; x++) {
        const sum =
          sample(2 * x, 2 * y) + sample(2 * x + 1, 2 * y) + sample(2 * x, 2 * y + 1) + sample(2 * x + 1, 2 * y + 1);
        target[to.at(x, y)] = (sum + 2) >> 2;
      }
    }
  }
  // YUYV of odd width has a luma sample of padding, which repeats the last sample.
  if (format === "yuyv422" && half.width % 2 === 1) {
    const rowBytes = Math.ceil(half.width / 2) * 4;
    for (let end = rowBytes; end <= target.length; end += rowBytes) target[end - 2] = target[end - 4] ?? 0;
  }
  return target;
}

const sizes = fc
  .tuple(
    fc.oneof(fc.integer({ min: 1, max: 150 }), fc.constantFrom(1, 2, 3, 31, 32, 33, 64, 65, 66, 67)),
    fc.integer({ min: 1, max: 80 }),
  )
  .map(([width, height]) => ({ width, height }));
const formats = fc.constantFrom(...PIXEL_FORMATS);

for (const variant of ["relaxed", "plain"] as const) {
  describe(`${variant} build`, () => {
    test("halve makes each sample the mean of four, in any ranges of rows and any order", async () => {
      const fixture = await EncoderFixture.create(variant, 16 << 20);
      fc.assert(
        fc.property(
          formats,
          sizes,
          fc.nat(),
          fc.array(fc.nat(40), { maxLength: 4 }),
          fc.boolean(),
          (format, size, seed, cuts, isNoise) => {
            const sourceBytes = frameBytes(format, size.width, size.height);
            const random = randomSequence(seed);
            const pixels = isNoise
              ? Uint8Array.from({ length: sourceBytes }, () => (random() < 0.3 ? 255 : random() * 256))
              : randomPixels(sourceBytes, seed);
            const half = halfSize(size);
            const expected = halved(format, size, pixels);
            const [source = 0, target = 0] = fixture.layOut([
              { bytes: sourceBytes, aligned: false },
              { bytes: expected.length, aligned: false },
            ]);
            fixture.bytes.set(pixels, source);
            fixture.bytes.fill(0xa5, target, target + expected.length);
            const edges = [0, ...cuts.map((cut) => Math.min(cut, half.height)), half.height].toSorted((a, b) => a - b);
            const ranges = edges.slice(1).map((end, n) => ({ first: edges[n] ?? 0, end }));
            for (const { first, end } of ranges.toReversed())
              fixture.encoder.halve(format, size, source, target, first, end - first);
            fixture.checkCanaries();
            expect(Buffer.compare(fixture.bytes.subarray(target, target + expected.length), expected)).toBe(0);
            expect(Buffer.compare(fixture.bytes.subarray(source, source + sourceBytes), pixels)).toBe(0);
          },
        ),
        { numRuns: runs * 2 },
      );
    });

    test("halve does not change other rows", async () => {
      const fixture = await EncoderFixture.create(variant, 16 << 20);
      const size = { width: 70, height: 100 };
      const pixels = randomPixels(70 * 100, 3);
      const expected = halved("gray", size, pixels);
      const [source = 0, target = 0] = fixture.layOut([
        { bytes: pixels.length, aligned: false },
        { bytes: expected.length, aligned: false },
      ]);
      fixture.bytes.set(pixels, source);
      fixture.bytes.fill(7, target, target + expected.length);
      fixture.encoder.halve("gray", size, source, target, 16, 16);
      expected.fill(7, 0, 16 * 35);
      expected.fill(7, 32 * 35);
      expect(Buffer.compare(fixture.bytes.subarray(target, target + expected.length), expected)).toBe(0);
    });

    test("halve reads and writes no byte after the pixels, even if the pixels end where the memory ends", async () => {
      const memory = createKernelMemory(KERNEL_TABLES_BYTES + (1 << 20));
      const encoder = new SimdEncoder(await WASM.kernel("encoder", variant), memory);
      const bytes = new Uint8Array(memory.buffer);
      fc.assert(
        fc.property(formats, sizes, fc.boolean(), (format, size, isTargetLast) => {
          const half = halfSize(size);
          const sourceBytes = frameBytes(format, size.width, size.height);
          const targetBytes = frameBytes(format, half.width, half.height);
          const lastStart = bytes.length - (isTargetLast ? targetBytes : sourceBytes);
          const firstStart = lastStart - (isTargetLast ? sourceBytes : targetBytes);
          const [source, target] = isTargetLast ? [firstStart, lastStart] : [lastStart, firstStart];
          const pixels = randomPixels(sourceBytes, size.width);
          bytes.set(pixels, source);
          encoder.halve(format, size, source, target, 0, half.height);
          expect(Buffer.compare(bytes.subarray(target, target + targetBytes), halved(format, size, pixels))).toBe(0);
        }),
        { numRuns: runs },
      );
    });

    test("halvePlane does not change the gaps between rows", async () => {
      const memory = createKernelMemory(KERNEL_TABLES_BYTES + (1 << 20));
      const { halvePlane } = instantiateKernel(await WASM.kernel("encoder", variant), memory);
      if (typeof halvePlane !== "function") throw new Error("the kernel does not halve");
      const bytes = new Uint8Array(memory.buffer);
      const [source, target] = [KERNEL_TABLES_BYTES, KERNEL_TABLES_BYTES + (1 << 19)];
      const pixels = randomPixels(75 * 31, 4);
      for (let row = 0; row < 31; row++) bytes.set(pixels.subarray(row * 75, (row + 1) * 75), source + row * 80);
      const expected = halved("gray", { width: 75, height: 31 }, pixels);
      expect(halvePlane(source, 80, 75, 31, target, 41, 0, 16, 1)).toBe(0);
      for (let row = 0; row < 16; row++) {
        const start = target + row * 41;
        expect([...bytes.subarray(start, start + 41)]).toEqual([
          ...expected.subarray(row * 38, row * 38 + 38),
          0,
          0,
          0,
        ]);
      }
      expect(halvePlane(source, 74, 75, 31, target, 41, 0, 16, 1)).toBe(-8);
      expect(halvePlane(source, 80, 75, 31, target, 37, 0, 16, 1)).toBe(-8);
      expect(halvePlane(source, 80, 75, 31, target, 41, 0, 16, 0)).toBe(-2);
      expect(halvePlane(source, 800, 75, 31, target, 800, 0, 16, 5)).toBe(-2);
    });

    test("halve refuses rows outside the half-size picture, and impossible sizes", async () => {
      const { encoder } = await EncoderFixture.create(variant, 16 << 20);
      const status = (format: PixelFormat, size: Size, firstRow: number, rows: number): unknown => {
        try {
          return encoder.halve(format, size, 4 << 20, 8 << 20, firstRow, rows);
        } catch (error) {
          return error instanceof KernelError ? error.status : error;
        }
      };
      const size = { width: 64, height: 63 };
      for (const format of ["yuyv422", "gray"] as const) {
        expect(status(format, size, 16, 16)).toBeUndefined();
        expect(status(format, size, 32, 0)).toBeUndefined();
        for (const [first, rows] of [
          [16, 17],
          [33, 0],
          [-1, 2],
          [0, -1],
          [1, 0x7fffffff],
          [0x7fffffff, 1],
        ] as const) {
          expect(status(format, size, first, rows)).toBe(-11);
        }
        expect(status(format, { width: 0, height: 8 }, 0, 1)).toBe(-1);
        expect(status(format, { width: 8, height: 8193 }, 0, 1)).toBe(-1);
      }
    });
  });
}

test("halfSize keeps the last column and row of an odd size", () => {
  expect(halfSize({ width: 1280, height: 720 })).toEqual({ width: 640, height: 360 });
  expect(halfSize({ width: 5, height: 1 })).toEqual({ width: 3, height: 1 });
});
