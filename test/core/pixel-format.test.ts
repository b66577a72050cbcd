// Pixel formats: frame sizes compared with the bytes that ffmpeg writes, planes, and the parsing of sizes.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { UsageError } from "../../src/core/errors.ts";
import {
  frameBytes,
  isPixelFormat,
  isUsableSize,
  PIXEL_FORMATS,
  parseSize,
  planesOf,
} from "../../src/core/pixel-format.ts";
import { ffmpeg } from "../support/jpeg-tools.ts";

describe("frameBytes: bytes of a frame", () => {
  const sizes = [
    [1, 1],
    [5, 3],
    [160, 121],
  ] as const;

  test.each(PIXEL_FORMATS)("frameBytes of %s is the size of ffmpeg's rawvideo", (format) => {
    for (const [width, height] of sizes) {
      const input = ["-f", "rawvideo", "-pix_fmt", "gray", "-s", `${width}x${height}`, "-i", "-"];
      const output = ["-f", "rawvideo", "-pix_fmt", format, "-"];
      const real = ffmpeg([...input, ...output], new Uint8Array(width * height)).bytes.length;
      expect({ width, height, bytes: frameBytes(format, width, height) }).toEqual({ width, height, bytes: real });
    }
  });

  test("frameBytes is between 1 and 4 bytes a pixel in every format", () => {
    const side = fc.integer({ min: 1, max: 8192 });
    fc.assert(
      fc.property(fc.constantFrom(...PIXEL_FORMATS), side, side, (format, width, height) => {
        const bytes = frameBytes(format, width, height);
        expect(Number.isSafeInteger(bytes)).toBe(true);
        expect(bytes).toBeGreaterThanOrEqual(width * height);
        expect(bytes).toBeLessThanOrEqual(width * height * 4 + 2 * (width + height) + 4);
      }),
    );
  });
});

describe("planesOf: planes of a frame", () => {
  test("planesOf gives planes that follow each other and fill the frame", () => {
    const side = fc.integer({ min: 1, max: 8192 });
    fc.assert(
      fc.property(fc.constantFrom(...PIXEL_FORMATS), side, side, fc.nat(), (format, width, height, address) => {
        let end = address;
        for (const plane of planesOf(format, { width, height }, address)) {
          expect(plane.address).toBe(end);
          end += plane.rowBytes * plane.rows;
        }
        expect(end - address).toBe(frameBytes(format, width, height));
      }),
    );
  });
});

describe("names of formats", () => {
  test("isPixelFormat knows the formats of the list", () => {
    for (const format of PIXEL_FORMATS) expect(isPixelFormat(format)).toBe(true);
  });

  test.each(["", "RGBA", "mjpeg", "yuv420", "toString", "__proto__"])("isPixelFormat refuses '%s'", (name) => {
    expect(isPixelFormat(name)).toBe(false);
  });
});

describe("parseSize", () => {
  test("parseSize reads WIDTHxHEIGHT", () => {
    const side = fc.integer({ min: 1, max: 8192 });
    fc.assert(
      fc.property(side, side, (width, height) => {
        expect(parseSize(`${width}x${height}`)).toEqual({ width, height });
      }),
    );
  });

  test.each([
    ...["", "x", "640", "640x", "x480", "640X480", "640x480x3", " 640x480", "640x480 ", "640 x 480", "640*480"],
    ...["-640x480", "640x-480", "6.4x480", "1e3x480", "0x480", "640x0", "8193x1", "1x8193", "999999x1", "axb"],
    ...["640x480\n", "٣x٣", "0x10x0x10"],
  ])("parseSize refuses '%s' and says how to write a size", (text) => {
    expect(() => parseSize(text)).toThrow(UsageError);
    expect(() => parseSize(text)).toThrow(/WIDTHxHEIGHT/);
  });

  test("parseSize never returns an unusable size", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^\d{1,6}x\d{1,6}$/)), (text) => {
        try {
          const { width, height } = parseSize(text);
          expect(isUsableSize(width, height)).toBe(true);
          expect(text.split("x").map(Number)).toEqual([width, height]);
        } catch (error) {
          expect(error).toBeInstanceOf(UsageError);
        }
      }),
    );
  });
});

test("isUsableSize accepts sides from 1 to 8192", () => {
  expect(isUsableSize(1, 1)).toBe(true);
  expect(isUsableSize(8192, 8192)).toBe(true);
  for (const [width, height] of [
    [0, 1],
    [1, 0],
    [8193, 1],
    [1, 8193],
    [-1, 5],
    [Number.NaN, 5],
    [5, Number.NaN],
    [Number.POSITIVE_INFINITY, 1],
  ] as const) {
    expect(isUsableSize(width, height)).toBe(false);
  }
});
