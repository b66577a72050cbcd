// Encoded tiles: any split, order and number of threads gives the same bytes, and the encoder touches only the given memory.

import { frameBytes, planesOf } from "../../../src/core/pixel-format.ts";
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Worker } from "node:worker_threads";
import { cutTiles, stitchTiles } from "../../../src/codec/jpeg/stitch.ts";
import { type PictureFormat, SimdEncoder } from "../../../src/codec/simd/encoder.ts";
import { defaultRestartInterval } from "../../../src/codec/jpeg/tile-grid.ts";
import { WASM } from "../../../src/codec/bun/wasm.ts";
import { createKernelMemory } from "../../../src/codec/simd/kernel-module.ts";
import { supportedVariant } from "../../../src/codec/wasm/variants.ts";
import { KERNEL_TABLES_BYTES } from "../../../src/codec/memory/arena.ts";
import { KernelError } from "../../../src/codec/simd/kernel-status.ts";
import { EncoderFixture } from "../../support/encoder-kernel.ts";
import { djpeg } from "../../support/jpeg-tools.ts";
import { randomSequence } from "../../support/generated-pictures.ts";
import { pictureFormats, randomPixels, runs } from "../../support/random-pictures.ts";

for (const variant of ["relaxed", "plain"] as const) {
  describe(`${variant} build`, () => {
    test("encodeTiles gives the same bytes for any ranges as for the whole picture", async () => {
      const fixture = await EncoderFixture.create(variant, 16 << 20);
      fc.assert(
        fc.property(pictureFormats(400), fc.nat(), fc.integer({ min: 1, max: 40 }), (format, seed, tilesACall) => {
          const pixels = randomPixels(frameBytes(format.format, format.width, format.height), seed);
          const whole = fixture.encode(format, pixels);
          const parts = fixture.encode(format, pixels, tilesACall);
          expect(parts.tileBytes).toEqual(whole.tileBytes);
          expect(Buffer.compare(parts.jpeg, whole.jpeg)).toBe(0);
        }),
        { numRuns: runs },
      );
    });

    test("encodeTiles returns -7 if the target is too small, and writes nothing outside it", async () => {
      const fixture = await EncoderFixture.create(variant, 16 << 20);
      fc.assert(
        fc.property(pictureFormats(100), fc.nat(), fc.double({ min: 0, max: 1, noNaN: true }), (format, seed, part) => {
          const pixels = randomPixels(frameBytes(format.format, format.width, format.height), seed);
          const { tiles } = fixture.encode(format, pixels);
          const targetBytes = Math.floor(tiles.length * part);
          const [state = 0, scratch = 0, source = 0, target = 0, lengths = 0] = fixture.layOut([
            { bytes: fixture.encoder.stateBytes, aligned: true },
            { bytes: fixture.encoder.scratchBytes, aligned: true },
            { bytes: pixels.length, aligned: false },
            { bytes: targetBytes, aligned: false },
            { bytes: 65536, aligned: true },
          ]);
          fixture.bytes.set(pixels, source);
          const picture = fixture.encoder.prepare(state, format);
          const encode = (): number =>
            fixture.encoder.encodeTiles(
              picture,
              scratch,
              planesOf(format.format, format, source),
              0,
              picture.tileCount,
              {
                address: target,
                bytes: targetBytes,
                tileBytesAddress: lengths,
              },
            );
          expect(encode).toThrow(KernelError);
          fixture.checkCanaries();
        }),
        { numRuns: runs },
      );
    });

    test("bytesBound is enough for pictures that compress worst", async () => {
      const fixture = await EncoderFixture.create(variant, 16 << 20);
      const format = {
        width: 64,
        height: 64,
        format: "rgba",
        sampling: "4:4:4",
        quality: 100,
      } as const;
      const random = randomSequence(5);
      const pixels = Uint8Array.from({ length: frameBytes(format.format, format.width, format.height) }, () =>
        random() < 0.5 ? 0 : 255,
      );
      const [state = 0, scratch = 0, source = 0, lengths = 0, target = 0] = fixture.layOut([
        { bytes: fixture.encoder.stateBytes, aligned: true },
        { bytes: fixture.encoder.scratchBytes, aligned: true },
        { bytes: pixels.length, aligned: false },
        { bytes: 4096, aligned: true },
        { bytes: 2 << 20, aligned: false },
      ]);
      fixture.bytes.set(pixels, source);
      const picture = fixture.encoder.prepare(state, format);
      const bytes = fixture.encoder.bytesBound(picture, picture.tileCount);
      const written = fixture.encoder.encodeTiles(
        picture,
        scratch,
        planesOf(format.format, format, source),
        0,
        picture.tileCount,
        {
          address: target,
          bytes,
          tileBytesAddress: lengths,
        },
      );
      expect(written).toBeGreaterThan(64 * 64 * 3 * 0.8);
      expect(written).toBeLessThan(bytes);
    });

    test("encodeTiles reads no byte after the pixels, even if the pixels end where the memory ends", async () => {
      const memory = createKernelMemory(KERNEL_TABLES_BYTES + (4 << 20));
      const encoder = new SimdEncoder(await WASM.kernel("encoder", variant), memory);
      const bytes = new Uint8Array(memory.buffer);
      const state = KERNEL_TABLES_BYTES;
      const scratch = state + encoder.stateBytes;
      const target = scratch + encoder.scratchBytes;
      fc.assert(
        fc.property(pictureFormats(300), fc.nat(), (format, seed) => {
          const pixels = randomPixels(frameBytes(format.format, format.width, format.height), seed);
          const source = bytes.length - pixels.length;
          bytes.set(pixels, source);
          const picture = encoder.prepare(state, format);
          const output = { address: target, bytes: 1 << 20, tileBytesAddress: target + (1 << 20) };
          expect(
            encoder.encodeTiles(
              picture,
              scratch,
              planesOf(format.format, format, source),
              0,
              picture.tileCount,
              output,
            ),
          ).toBeGreaterThan(0);
          expect(Buffer.compare(bytes.subarray(source), pixels)).toBe(0);
        }),
        { numRuns: runs },
      );
    });

    test("encodeTiles ignores the gaps between rows", async () => {
      const fixture = await EncoderFixture.create(variant, 16 << 20);
      fc.assert(
        fc.property(
          pictureFormats(120),
          fc.nat(),
          fc.integer({ min: 1, max: 70 }),
          fc.nat(255),
          (format, seed, gapBytes, filler) => {
            const pixels = randomPixels(frameBytes(format.format, format.width, format.height), seed);
            const { tiles } = fixture.encode(format, pixels);
            const tight = planesOf(format.format, format, 0);
            const planes = tight.map(({ address, rowBytes }, plane) => {
              const rows = plane === 0 ? format.height : Math.ceil(format.height / 2);
              const spread = new Uint8Array(rows * (rowBytes + gapBytes)).fill(filler);
              for (let row = 0; row < rows; row++) {
                spread.set(
                  pixels.subarray(address + row * rowBytes, address + (row + 1) * rowBytes),
                  row * (rowBytes + gapBytes),
                );
              }
              return { spread, rowBytes: rowBytes + gapBytes };
            });
            const [state = 0, scratch = 0, target = 0, lengths = 0, ...sources] = fixture.layOut([
              { bytes: fixture.encoder.stateBytes, aligned: true },
              { bytes: fixture.encoder.scratchBytes, aligned: true },
              { bytes: 1 << 20, aligned: false },
              { bytes: 65536, aligned: true },
              ...planes.map(({ spread }) => ({ bytes: spread.length, aligned: false })),
            ]);
            for (const [plane, { spread }] of planes.entries()) fixture.bytes.set(spread, sources[plane] ?? 0);
            const picture = fixture.encoder.prepare(state, format);
            const placed = planes.map(({ rowBytes }, plane) => ({ address: sources[plane] ?? 0, rowBytes }));
            const output = { address: target, bytes: 1 << 20, tileBytesAddress: lengths };
            const written = fixture.encoder.encodeTiles(picture, scratch, placed, 0, picture.tileCount, output);
            fixture.checkCanaries();
            expect(Buffer.compare(fixture.bytes.subarray(target, target + written), tiles)).toBe(0);
          },
        ),
        { numRuns: runs },
      );
    });

    test("prepare refuses formats that cannot be encoded, each with its status", async () => {
      const { encoder } = await EncoderFixture.create(variant, 16 << 20);
      const good = { width: 640, height: 480, format: "rgba", quality: 75 } as const;
      const status = (format: PictureFormat): unknown => {
        try {
          return encoder.prepare(KERNEL_TABLES_BYTES, format).tileCount;
        } catch (error) {
          return error instanceof KernelError ? error.status : error;
        }
      };
      expect(status(good)).toBe(150);
      expect(status({ ...good, width: 0, restartIntervalMcus: 1 })).toBe(-1);
      expect(status({ ...good, width: 8193, restartIntervalMcus: 1 })).toBe(-1);
      expect(status({ ...good, height: 8193 })).toBe(-1);
      expect(status({ ...good, sampling: "4:2:2" })).toBe(-3);
      expect(status({ ...good, format: "nv12", sampling: "4:4:4" })).toBe(-3);
      expect(status({ ...good, quality: 0 })).toBe(-4);
      expect(status({ ...good, quality: 101 })).toBe(-4);
      expect(status({ ...good, restartIntervalMcus: 7 })).toBe(-5);
      expect(status({ ...good, restartIntervalMcus: 0 })).toBe(-5);
    });

    test("encodeTiles refuses tile ranges and rows that do not fit the picture", async () => {
      const { encoder } = await EncoderFixture.create(variant, 16 << 20);
      const state = KERNEL_TABLES_BYTES;
      const scratch = state + encoder.stateBytes;
      const source = scratch + encoder.scratchBytes;
      const target = source + 640 * 480 * 4;
      const format = { width: 640, height: 480, format: "rgba", quality: 75 } as const;
      const picture = encoder.prepare(state, format);
      const status = (firstTile: number, tileCount: number, rowBytes = 2560, stateAddress = state): unknown => {
        try {
          const output = { address: target, bytes: 1 << 20, tileBytesAddress: target + (1 << 20) };
          encoder.encodeTiles(
            { ...picture, stateAddress },
            scratch,
            [{ address: source, rowBytes }],
            firstTile,
            tileCount,
            output,
          );
          return "encoded";
        } catch (error) {
          return error instanceof KernelError ? error.status : error;
        }
      };
      expect(picture.tileCount).toBe(150);
      expect(status(0, 150)).toBe("encoded");
      expect(status(149, 1)).toBe("encoded");
      for (const [first, count] of [
        [0, 0],
        [0, 151],
        [-1, 1],
        [150, 1],
        [149, 2],
        [1, 0x7fffffff],
        [0x7fffffff, 1],
        [0, -1],
      ] as const) {
        expect(status(first, count)).toBe(-6);
      }
      expect(status(0, 1, 2559)).toBe(-8);
      expect(status(0, 1, 2560, target)).toBe(-9);
      expect(() =>
        encoder.encodeTiles(picture, scratch, [], 0, 1, { address: target, bytes: 1, tileBytesAddress: target }),
      ).toThrow(RangeError);
    });
  });
}

test("a picture with sides of 8192 pixels is encoded", async () => {
  const fixture = await EncoderFixture.create(supportedVariant() ?? "plain", 512 << 20);
  for (const [width, height] of [
    [8192, 33],
    [17, 8192],
    [8191, 8191],
  ] as const) {
    const format = { width, height, format: "gray", quality: 50 } as const;
    const row = randomPixels(width, 1);
    const pixels = new Uint8Array(width * height);
    for (let y = 0; y < height; y++) pixels.set(row, y * width);
    const decoded = djpeg(fixture.encode(format, pixels, 4000).jpeg);
    expect([decoded.width, decoded.height]).toEqual([width, height]);
  }
}, 60_000);

test("defaultRestartInterval divides the line, and is close to 128 pixels if such a divisor exists", () => {
  const intervals = (mcuWidth: number, lines: number[]) => lines.map((mcus) => defaultRestartInterval(mcus, mcuWidth));
  expect(intervals(16, [80, 120, 240, 40, 54, 53, 7, 1])).toEqual([8, 8, 8, 8, 9, 53, 7, 1]);
  expect(intervals(8, [160, 80, 90, 107, 7])).toEqual([16, 16, 15, 107, 7]);
  const divides = fc.property(fc.integer({ min: 1, max: 1024 }), fc.constantFrom(8, 16), (mcus, mcuWidth) => {
    expect(mcus % defaultRestartInterval(mcus, mcuWidth)).toBe(0);
  });
  fc.assert(divides);
});

test("several threads that share a picture give the same bytes as one", async () => {
  const variant = supportedVariant() ?? "plain";
  const format = { width: 1280, height: 720, format: "rgba", quality: 80 } as const;
  const fixture = await EncoderFixture.create(variant);
  const pixels = randomPixels(frameBytes(format.format, format.width, format.height), 11);
  const whole = fixture.encode(format, pixels);

  const module = await WASM.kernel("encoder", variant);
  const memory = createKernelMemory(64 << 20);
  const encoder = new SimdEncoder(module, memory);
  const state = KERNEL_TABLES_BYTES;
  const source = 8 << 20;
  new Uint8Array(memory.buffer).set(pixels, source);
  const picture = encoder.prepare(state, format);
  const planes = planesOf(format.format, format, source);
  const workers = 3;
  const share = Math.ceil(picture.tileCount / workers);
  const results = await Promise.all(
    Array.from({ length: workers }, (_, worker) => {
      const first = worker * share;
      const count = Math.min(share, picture.tileCount - first);
      const base = (16 + worker * 8) << 20;
      const output = { address: base, bytes: 4 << 20, tileBytesAddress: base + (5 << 20) };
      const task = { module, memory, picture, scratch: base + (6 << 20), planes, first, count, output, rounds: 20 };
      const thread = new Worker(new URL("../../support/encoder-worker.ts", import.meta.url), { workerData: task });
      return new Promise<{ tiles: Uint8Array; tileBytes: Uint32Array }>((resolve, reject) => {
        thread.once("error", reject);
        thread.once("message", (written: number) => {
          const tileBytes = new Uint32Array(memory.buffer, output.tileBytesAddress, count).slice();
          resolve({ tiles: new Uint8Array(memory.buffer, base, written).slice(), tileBytes });
          void thread.terminate();
        });
      });
    }),
  );
  const tiles = Buffer.concat(results.map((result) => result.tiles));
  const tileBytes = Uint32Array.from(results.flatMap((result) => [...result.tileBytes]));
  expect(Buffer.compare(stitchTiles(picture.header, cutTiles(tiles, tileBytes)), whole.jpeg)).toBe(0);
}, 30_000);
