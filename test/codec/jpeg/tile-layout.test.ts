// readTileLayout: the number of tiles is that of restart intervals in JPEGs of cjpeg, whose restart markers are counted.

import { describe, expect, test } from "bun:test";
import { readJpegHeader } from "../../../src/codec/jpeg/header.ts";
import { readTileLayout } from "../../../src/codec/jpeg/tile-layout.ts";
import { CodecError } from "../../../src/core/errors.ts";
import { cjpeg } from "../../support/jpeg-tools.ts";
import { testPicture } from "../../support/samples.ts";

/** Counts the restart markers of a scan (FF D0 to FF D7), which never occur in entropy-coded bytes (T.81 B.1.1.5). */
function countRestarts(jpeg: Uint8Array, from: number): number {
  let count = 0;
  for (let at = from; at + 1 < jpeg.length; at++) {
    const next = jpeg[at + 1] as number;
    if (jpeg[at] === 0xff && next >= 0xd0 && next <= 0xd7) count++;
  }
  return count;
}

describe("readTileLayout", () => {
  test.each([
    [320, 240, ["-sample", "2x2", "-restart", "5B"], 16 * 16 * 5],
    [321, 241, ["-sample", "2x2", "-restart", "7B"], 16 * 16 * 7],
    [200, 100, ["-sample", "2x1", "-restart", "3B"], 16 * 8 * 3],
    [200, 100, ["-sample", "1x1", "-restart", "1"], 8 * 8 * 25],
    [97, 33, ["-grayscale", "-restart", "2B"], 8 * 8 * 2],
    [320, 240, ["-sample", "2x2"], 320 * 240],
    [64, 64, ["-sample", "2x2", "-restart", "999B"], 64 * 64],
  ])("%i x %i, %p", (width, height, flags, tilePixels) => {
    const jpeg = cjpeg(testPicture({ width, height }), "-quality", "80", ...flags);
    const { dataAt } = readJpegHeader(jpeg);
    const tiles = countRestarts(jpeg, dataAt) + 1;
    expect(readTileLayout(jpeg.subarray(0, dataAt))).toEqual({ width, height, tiles, tilePixels });
  });

  test("damaged headers are read, or refused with a CodecError", () => {
    const jpeg = cjpeg(testPicture({ width: 64, height: 48 }), "-restart", "2B");
    const header = jpeg.slice(0, readJpegHeader(jpeg).dataAt);
    for (let round = 0; round < 20_000; round++) {
      const damaged = header.slice(0, Math.random() < 0.3 ? Math.floor(Math.random() * header.length) : header.length);
      for (let hits = 0; hits < 3; hits++) damaged[Math.floor(Math.random() * damaged.length)] = Math.random() * 256;
      try {
        const { tiles, tilePixels } = readTileLayout(damaged);
        expect(tiles > 0 && tilePixels > 0).toBe(true);
      } catch (error) {
        if (!(error instanceof CodecError)) throw new Error(`${damaged.toHex()}: ${String(error)}`);
      }
    }
  });

  test("a progressive JPEG, a cut header and other bytes are refused", () => {
    const size = { width: 64, height: 48 };
    const progressive = cjpeg(testPicture(size), "-progressive");
    const plain = cjpeg(testPicture(size));
    const header = plain.subarray(0, readJpegHeader(plain).dataAt);
    for (const bytes of [
      progressive.subarray(0, readJpegHeader(progressive).dataAt),
      ...Array.from({ length: header.length - 1 }, (_, end) => header.subarray(0, end)),
      new Uint8Array(40),
      plain,
      Uint8Array.fromHex("ffd8ffdd0002"), // DRI without its interval
      Uint8Array.fromHex("ffd8ffc000020000"), // SOF0 without its fields
      Uint8Array.fromHex("ffd8ffc0000b080010001003"), // SOF0 without its components
    ]) {
      expect(() => readTileLayout(bytes)).toThrow(CodecError);
    }
  });
});
