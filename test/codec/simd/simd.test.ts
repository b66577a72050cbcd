// The codec simd as the pool uses it: other programs read its JPEGs, it reads theirs, and it leaves the rest to jsquash.

import { beforeAll, describe, expect, test } from "bun:test";
import { readJpegSize } from "../../../src/codec/jpeg/header.ts";
import { CodecError } from "../../../src/core/errors.ts";
import { PIXEL_FORMATS, type Size } from "../../../src/core/pixel-format.ts";
import { type ByteCodec, createByteCodec } from "../../support/byte-codec.ts";
import { cjpeg, djpeg, ffmpeg } from "../../support/jpeg-tools.ts";
import { largestDifference, psnr, testPicture, toRgbaBytes } from "../../support/samples.ts";

let codec: ByteCodec;
beforeAll(async () => {
  codec = await createByteCodec("simd");
});

const SIZE: Size = { width: 322, height: 203 };

async function decoded(jpeg: Uint8Array): Promise<Uint8Array> {
  const size = readJpegSize(jpeg);
  const target = new Uint8Array(size.width * size.height * 4);
  expect(await codec.decode(jpeg, target)).toEqual({ ...size, isDamaged: false });
  return target;
}

describe("simd: encoding", () => {
  test.each(PIXEL_FORMATS)("djpeg decodes the JPEG that simd makes of %s", async (format) => {
    const original = testPicture(SIZE);
    const flags = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", `${SIZE.width}x${SIZE.height}`, "-i", "-"];
    const { bytes } = ffmpeg([...flags, "-f", "rawvideo", "-pix_fmt", format, "-"], original.pixels);
    const jpeg = await codec.encode({ ...SIZE, format, bytes }, 90);
    const seen = djpeg(jpeg, "-strict");
    expect({ width: seen.width, height: seen.height }).toEqual(SIZE);
    const meant = format === "gray" ? { ...SIZE, channels: 1 as const, pixels: bytes } : original;
    expect(psnr(toRgbaBytes(seen), toRgbaBytes(meant))).toBeGreaterThan(30);
  });

  test("simd encodes each size and quality the same, alone or by turns with others", async () => {
    const sizes = [SIZE, { width: 64, height: 48 }, { width: 1, height: 1 }, SIZE];
    for (const [turn, size] of sizes.entries()) {
      const frame = { ...size, format: "rgb24", bytes: testPicture(size).pixels } as const;
      const quality = 40 + 20 * turn;
      const fresh = await createByteCodec("simd");
      const alone = await fresh.encode(frame, quality);
      expect(largestDifference(await codec.encode(frame, quality), alone)).toBe(0);
    }
  });

  test("simd encodes noise at quality 100, which has many times the usual bytes, completely", async () => {
    const pixels = Uint8Array.from({ length: SIZE.width * SIZE.height * 3 }, (_, i) => (i * 2654435761) >>> 24);
    const jpeg = await codec.encode({ ...SIZE, format: "rgb24", bytes: pixels }, 100);
    expect(jpeg.length).toBeGreaterThan((SIZE.width * SIZE.height) / 2); // this is more than the codec reserves at first
    expect(djpeg(jpeg, "-strict").width).toBe(SIZE.width);
  });
});

describe("simd: decoding", () => {
  test.each([[], ["-restart", "1"], ["-optimize"], ["-sample", "1x1"], ["-sample", "2x1"], ["-grayscale"]])(
    "simd decodes a JPEG from cjpeg %s as djpeg does",
    async (...flags) => {
      const jpeg = cjpeg(testPicture(SIZE), ...flags);
      expect(largestDifference(await decoded(jpeg), toRgbaBytes(djpeg(jpeg)))).toBeLessThanOrEqual(4);
    },
  );

  test("simd decodes a progressive JPEG, by jsquash", async () => {
    const jpeg = cjpeg(testPicture(SIZE), "-progressive");
    expect(largestDifference(await decoded(jpeg), toRgbaBytes(djpeg(jpeg)))).toBeLessThanOrEqual(4);
    const baseline = cjpeg(testPicture(SIZE));
    expect(largestDifference(await decoded(baseline), toRgbaBytes(djpeg(baseline)))).toBeLessThanOrEqual(4);
  });

  test("simd decodes the intact part of a JPEG that is cut off, and reports the damage", async () => {
    const jpeg = cjpeg(testPicture(SIZE));
    const whole = toRgbaBytes(djpeg(jpeg));
    const target = new Uint8Array(whole.length);
    const result = await codec.decode(jpeg.subarray(0, Math.floor(jpeg.length * 0.7)), target);
    expect(result).toEqual({ ...SIZE, isDamaged: true });
    const firstLines = SIZE.width * 4 * 60;
    expect(largestDifference(target.subarray(0, firstLines), whole.subarray(0, firstLines))).toBeLessThanOrEqual(4);
    const lastLine = target.subarray(-SIZE.width * 4).filter((_, i) => (i & 3) !== 3);
    expect(lastLine.every((value) => value === 128)).toBe(true);
  });

  test("bytes that are not a JPEG, or a wrong size, throw a CodecError, and simd still works", async () => {
    const jpeg = cjpeg(testPicture(SIZE));
    const place = new Uint8Array(SIZE.width * SIZE.height * 4);
    await expect(codec.decode(new Uint8Array(1000), place)).rejects.toThrow(CodecError);
    await expect(codec.decode(jpeg, new Uint8Array(place.length - 4))).rejects.toThrow(CodecError);
    expect(largestDifference(await decoded(jpeg), toRgbaBytes(djpeg(jpeg)))).toBeLessThanOrEqual(4);
  });
});
