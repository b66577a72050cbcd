// How JPEGs are meant to be shown: orientation, shape of pixels, limited range. Orientation is compared with ffmpeg.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { exifOrientation } from "../../../src/codec/jpeg/exif-orientation.ts";
import { readJpegHeader, readJpegSize } from "../../../src/codec/jpeg/header.ts";
import { readPresentation, shownSize } from "../../../src/codec/jpeg/presentation.ts";
import { writeShown } from "../../../src/codec/jpeg/shown-pixels.ts";
import type { Size } from "../../../src/core/pixel-format.ts";
import { cjpeg, djpeg, ffmpeg, toPnm } from "../../support/jpeg-tools.ts";
import {
  exifBody,
  type ExifOptions,
  withComment,
  withDensity,
  withOrientation,
  withSegment,
} from "../../support/marked-jpegs.ts";
import { psnr, type Samples, testPicture, toRgbaBytes } from "../../support/samples.ts";

const SIZE = { width: 96, height: 64 };
const JPEG = cjpeg(testPicture(SIZE), "-quality", "95", "-sample", "1x1");
const GREY = cjpeg(testPicture(SIZE), "-grayscale");

const presentationOf = (jpeg: Uint8Array) => readPresentation(jpeg, readJpegHeader(jpeg));
const orientationOf = (jpeg: Uint8Array) => presentationOf(jpeg).orientation;

/** The JPEG's pixels from djpeg, turned and scaled as they are meant to be shown. */
function shownByUs(jpeg: Uint8Array): Size & { rgb: Uint8Array } {
  const presentation = presentationOf(jpeg);
  const size = shownSize(readJpegSize(jpeg), presentation);
  const target = new Int32Array(size.width * size.height);
  writeShown(words(djpeg(jpeg)), readJpegSize(jpeg), presentation, target);
  return { ...size, rgb: rgbOf(new Uint8Array(target.buffer)) };
}

function words(picture: Samples): Int32Array {
  return new Int32Array(toRgbaBytes(picture).buffer);
}

function rgbOf(rgba: Uint8Array): Uint8Array {
  return rgba.filter((_, at) => at % 4 !== 3);
}

function shownByFfmpeg(jpeg: Uint8Array, filters: string[] = []): Uint8Array {
  const how = filters.length === 0 ? [] : ["-vf", filters.join(",")];
  return ffmpeg(["-f", "mjpeg", "-i", "-", ...how, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"], jpeg).bytes;
}

describe("Exif orientation", () => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8])(
    "orientation %d is shown as ffmpeg shows it, in both byte orders",
    (orientation) => {
      for (const isLittle of [true, false]) {
        const jpeg = withOrientation(JPEG, orientation, { isLittle });
        expect(orientationOf(jpeg)).toBe(orientation as 1);
        const { width, height, rgb } = shownByUs(jpeg);
        expect({ width, height }).toEqual(orientation < 5 ? SIZE : { width: SIZE.height, height: SIZE.width });
        expect(psnr(rgb, shownByFfmpeg(jpeg))).toBeGreaterThan(38);
      }
    },
  );

  test("the orientation is found after other segments, after other entries, at any offset and with any type", () => {
    const layouts: ExifOptions[] = [{ entriesBefore: 12 }, { gapBytes: 100 }, { type: 1 }, { type: 4 }];
    for (const layout of layouts) {
      for (const isLittle of [true, false]) {
        expect(orientationOf(withOrientation(JPEG, 6, { ...layout, isLittle }))).toBe(6);
      }
    }
    const xmp = new TextEncoder().encode("http://ns.adobe.com/xap/1.0/\0<x:xmpmeta/>");
    expect(orientationOf(withSegment(withOrientation(JPEG, 8), 0xe1, xmp))).toBe(8);
    const tables = readJpegHeader(JPEG).scanAt;
    const late = withSegment(new Uint8Array([0xff, 0xd8, ...JPEG.subarray(tables)]), 0xe1, exifBody(3)).subarray(2);
    expect(orientationOf(new Uint8Array([...JPEG.subarray(0, tables), ...late]))).toBe(3);
  });

  test("the first segment with an orientation counts", () => {
    const twice = withOrientation(withOrientation(JPEG, 3), 6);
    expect(orientationOf(twice)).toBe(6);
    expect(orientationOf(withOrientation(withOrientation(JPEG, 3), 99))).toBe(3);
  });

  test.each([0, 9, 65535])("orientation %d is ignored", (orientation) => {
    expect(orientationOf(withOrientation(JPEG, orientation))).toBe(1);
  });

  test("a damaged Exif segment is ignored", () => {
    const whole = exifBody(6);
    for (let length = 0; length < whole.length - 4; length++) {
      expect(exifOrientation(whole.subarray(0, length))).toBeNull();
    }
    const broken = [
      [0, 0x65],
      [6, 0x50],
      [9, 43],
      [10, 0xff],
      [13, 0xff],
      [19, 7],
    ];
    for (const [at, value] of broken as [number, number][]) {
      const body = new Uint8Array(whole);
      body[at] = value;
      expect(exifOrientation(body)).toBeNull();
    }
  });

  test("any bytes give an orientation or null", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.boolean(), (bytes, isLittle) => {
        const body = new Uint8Array([...exifBody(6, { isLittle }).subarray(0, 14), ...bytes]);
        const found = exifOrientation(body);
        expect(found === null || (found >= 1 && found <= 8)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("pixels that are not square", () => {
  test.each([
    [16, 11, 140],
    [64, 45, 137],
    [10, 11, 87],
    [1, 2, 48],
    [2, 1, 192],
  ])("pixels of %d:%d are scaled as ffmpeg scales them", (x, y, width) => {
    const jpeg = withDensity(JPEG, 0, x, y);
    const shown = shownByUs(jpeg);
    expect([shown.width, shown.height]).toEqual([width, SIZE.height]);
    const expected = shownByFfmpeg(jpeg, [`scale=${width}:${SIZE.height}:flags=bilinear+accurate_rnd+full_chroma_int`]);
    expect(psnr(shown.rgb, expected)).toBeGreaterThan(36);
  });

  test("pixels are scaled before the picture is turned", () => {
    const shown = shownByUs(withOrientation(withDensity(JPEG, 0, 2, 1), 6));
    expect([shown.width, shown.height]).toEqual([SIZE.height, 2 * SIZE.width]);
  });

  test.each([
    ["equal densities", 0, 72, 72],
    ["a density for printing", 1, 300, 150],
    ["no density", 0, 0, 1],
    ["no density in the other direction", 0, 1, 0],
    ["a shape that no pixel has", 0, 1, 100],
  ])("%s means square pixels", (_, unit, x, y) => {
    expect(presentationOf(withDensity(JPEG, unit, x, y)).pixelAspect).toBe(1);
  });
});

describe("limited range", () => {
  const limited = (pixels: string) =>
    ffmpeg(
      [
        ...["-f", "image2pipe", "-c:v", "ppm", "-i", "-", "-vf", `scale=out_range=limited,format=${pixels}`],
        ...["-c:v", "mjpeg", "-strict", "unofficial", "-q:v", "1", "-qmin", "1", "-f", "mjpeg", "-"],
      ],
      toPnm(testPicture(SIZE)),
    ).bytes;

  test("a JPEG that ffmpeg marks as limited range is stretched as ffmpeg does it", () => {
    const jpeg = limited("yuv444p");
    expect(presentationOf(jpeg).isLimitedRange).toBe(true);
    const expected = shownByFfmpeg(jpeg, ["scale=in_range=limited:out_range=full:flags=accurate_rnd+full_chroma_int"]);
    expect(psnr(shownByUs(jpeg).rgb, expected)).toBeGreaterThan(42);
    expect(psnr(shownByUs(jpeg).rgb, testPicture(SIZE).pixels)).toBeGreaterThan(36);
  });

  test("the comment marks limited range with and without its end, alone, and only in a colour JPEG", () => {
    for (const text of ["CS=ITU601", "CS=ITU601\0", "CS=ITU601\n"]) {
      expect(presentationOf(withComment(JPEG, text)).isLimitedRange).toBe(true);
      expect(presentationOf(withComment(GREY, text)).isLimitedRange).toBe(false);
    }
    for (const text of ["CS=ITU709", "CS=ITU6011", "my CS=ITU601", ""]) {
      expect(presentationOf(withComment(JPEG, text)).isLimitedRange).toBe(false);
    }
  });
});
