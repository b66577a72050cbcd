// toRgba compared with ffmpeg's conversion, for every layout and for odd sizes.

import { beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { toRgba } from "../../src/codec/rgba.ts";
import { frameBytes, PIXEL_FORMATS, type PixelFormat, type Size } from "../../src/core/pixel-format.ts";
import { type Conversion, ffmpegBatch } from "../support/ffmpeg-batch.ts";
import { run } from "../support/jpeg-tools.ts";
import { largestDifference, psnr, testPicture, toRgbaBytes } from "../support/samples.ts";

const SIZES: readonly Size[] = [
  { width: 64, height: 48 },
  { width: 67, height: 41 },
  { width: 1, height: 1 },
];

/** Four quarters, each in one colour, with a ramp of brightness over the whole picture. */
function patchwork({ width, height }: Size): Uint8Array {
  const pixels = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const right = x < width / 2 ? 0 : 60;
      const lower = y < height / 2 ? 0 : 60;
      const ramp = 40 + Math.floor((60 * (x + y)) / (width + height));
      pixels.set([ramp + right, ramp + 50, ramp + lower], (y * width + x) * 3);
    }
  }
  return pixels;
}

/** The pixels away from the borders of the quarters and from the last column and row of odd sizes, where ffmpeg places chroma differently. */
function withinPatches(rgba: Uint8Array, { width, height }: Size): Uint8Array {
  const isInside = (at: number, side: number) =>
    side < 8 || (Math.abs(at - side / 2) > 4 && (side % 2 === 0 || at < side - 2));
  return rgba.filter((_, index) => {
    const pixel = index >> 2;
    return isInside(pixel % width, width) && isInside(Math.floor(pixel / width), height);
  });
}

/** The formats that ffmpeg's swscale computes. It converts the others without arithmetic. */
const YUV: readonly PixelFormat[] = ["yuv420p", "yuvj420p", "nv12", "yuyv422"];

function conversion(input: Uint8Array, { width, height }: Size, from: string, to: string): Conversion {
  const inputArguments = ["-f", "rawvideo", "-pix_fmt", from, "-s", `${width}x${height}`];
  // These flags give exact arithmetic, and chroma that is repeated instead of interpolated.
  const flags = "flags=neighbor+accurate_rnd+full_chroma_int";
  const range = from === "yuvj420p" ? "in_range=full:" : "";
  const filter = `scale=${range}in_color_matrix=bt601:out_color_matrix=bt601:${flags}`;
  return { input, inputArguments, outputArguments: ["-vf", filter, "-pix_fmt", to] };
}

/** Returns the RGBA pixels that ffmpeg makes of the frame. */
function ffmpegRgba(bytes: Uint8Array, size: Size, format: PixelFormat): Uint8Array {
  return ffmpegBatch([conversion(bytes, size, format, "rgba")])[0] ?? new Uint8Array();
}

const ORIGINAL = testPicture({ width: 96, height: 64 });
/** The patchworks in each size and the original, in each format, and what ffmpeg makes of them in RGBA. */
const made = new Map<string, { bytes: Uint8Array; rgba: Uint8Array }>();
const keyOf = (format: PixelFormat, { width, height }: Size) => `${format} ${width}x${height}`;

beforeAll(() => {
  const sources = [...SIZES.map((size) => ({ ...size, pixels: patchwork(size) })), ORIGINAL];
  const all = PIXEL_FORMATS.flatMap((format) => sources.map((source) => ({ format, source })));
  const frames = ffmpegBatch(all.map(({ format, source }) => conversion(source.pixels, source, "rgb24", format)));
  const empty = new Uint8Array();
  const back = ffmpegBatch(
    all.map(({ format, source }, index) => conversion(frames[index] ?? empty, source, format, "rgba")),
  );
  for (const [index, { format, source }] of all.entries())
    made.set(keyOf(format, source), { bytes: frames[index] ?? empty, rgba: back[index] ?? empty });
});

function madeIn(format: PixelFormat, size: Size): { bytes: Uint8Array; rgba: Uint8Array } {
  return made.get(keyOf(format, size)) ?? { bytes: new Uint8Array(), rgba: new Uint8Array() };
}

describe.each(PIXEL_FORMATS)("toRgba: %s pixels", (format) => {
  test.each(SIZES)("toRgba converts $width by $height as ffmpeg does", (size) => {
    const { bytes: picture, rgba: theirs } = madeIn(format, size);
    expect(picture.length).toBe(frameBytes(format, size.width, size.height));
    const ours = new Uint8Array(toRgba({ ...size, format }, picture));
    if (YUV.includes(format)) {
      expect(largestDifference(withinPatches(ours, size), withinPatches(theirs, size))).toBeLessThanOrEqual(3);
    } else {
      expect(largestDifference(ours, theirs)).toBe(0);
    }
  });

  test("toRgba restores nearly the picture that ffmpeg converted, with its colours in place", () => {
    const ours = new Uint8Array(toRgba({ ...ORIGINAL, format }, madeIn(format, ORIGINAL).bytes));
    const expected = format === "gray" ? greyOf(toRgbaBytes(ORIGINAL)) : toRgbaBytes(ORIGINAL);
    expect(psnr(ours, expected)).toBeGreaterThan(format === "gray" ? 28 : 32);
  });

  test("toRgba reads from any address in shared memory, and returns new memory", () => {
    const size = { width: 5, height: 3 };
    const length = frameBytes(format, size.width, size.height);
    const shared = new Uint8Array(new SharedArrayBuffer(length + 3)).subarray(3);
    for (let at = 0; at < length; at++) shared[at] = 30 + ((at * 37) % 200);
    const before = new Uint8Array(shared);
    const ours = toRgba({ ...size, format }, shared);
    expect(ours.buffer).toBeInstanceOf(ArrayBuffer);
    expect(ours.length).toBe(5 * 3 * 4);
    expect(ours).toEqual(toRgba({ ...size, format }, before));
    expect(new Uint8Array(shared)).toEqual(before);
  });
});

function greyOf(rgba: Uint8Array): Uint8Array {
  const grey = new Uint8Array(rgba);
  for (let at = 0; at < rgba.length; at += 4) {
    const [r = 0, g = 0, b = 0] = rgba.subarray(at, at + 3);
    grey.fill(0.299 * r + 0.587 * g + 0.114 * b, at, at + 3);
  }
  return grey;
}

describe("toRgba: every value", () => {
  test.each(["yuv420p", "yuvj420p"] as const)("%s of any Y, U and V is within two levels of ffmpeg", (format) => {
    // Far outside limited range, ffmpeg wraps around and toRgba clamps. Cameras do not send such values.
    const ends = format === "yuvj420p" ? [0, 1, 254, 255] : [];
    const value = fc.constantFrom(...ends, 16, 17, 60, 127, 128, 129, 200, 234, 235);
    const pixels = fc.sample(fc.tuple(value, value, value), { numRuns: 400, seed: 1 });
    // One tall picture of blocks of 2 × 2 pixels. Each block has one colour.
    const size = { width: 2, height: 2 * pixels.length };
    const planes = [pixels.flatMap(([y]) => [y, y, y, y]), pixels.map(([, u]) => u), pixels.map(([, , v]) => v)];
    const bytes = new Uint8Array(planes.flat());
    const ours = new Uint8Array(toRgba({ ...size, format }, bytes));
    expect(largestDifference(ours, ffmpegRgba(bytes, size, format))).toBeLessThanOrEqual(2);
  });

  test.each(YUV)(
    "toRgba keeps the brightness of each %s pixel in place, to the last column and row of odd sizes",
    (format) => {
      const size = { width: 67, height: 41 };
      const bytes = new Uint8Array(frameBytes(format, size.width, size.height)).fill(110);
      const [step, count] = format === "yuyv422" ? [2, 34 * 2 * 41] : [1, 67 * 41];
      for (let i = 0; i < count; i++) bytes[i * step] = 60 + ((i * 7) % 120);
      const ours = new Uint8Array(toRgba({ ...size, format }, bytes));
      expect(largestDifference(ours, ffmpegRgba(bytes, size, format))).toBeLessThanOrEqual(2);
    },
  );

  test("toRgba clamps values outside limited range", () => {
    const size = { width: 2, height: 2 };
    const pixel = (y: number, u: number, v: number) =>
      [...toRgba({ ...size, format: "yuv420p" }, new Uint8Array([y, y, y, y, u, v]))].slice(0, 4);
    expect(pixel(0, 128, 128)).toEqual([0, 0, 0, 255]);
    expect(pixel(255, 128, 128)).toEqual([255, 255, 255, 255]);
    expect(pixel(255, 255, 255)[0]).toBe(255);
    expect(pixel(0, 0, 0)[2]).toBe(0);
  });

  test("toRgba keeps black, white and grey neutral", () => {
    const size = { width: 2, height: 2 };
    const neutral = (format: PixelFormat, y: number) =>
      [...toRgba({ ...size, format }, new Uint8Array([y, y, y, y, 128, 128]))].slice(0, 4);
    expect(neutral("yuv420p", 16)).toEqual([0, 0, 0, 255]);
    expect(neutral("yuv420p", 235)).toEqual([255, 255, 255, 255]);
    for (let y = 0; y < 256; y++) expect(neutral("yuvj420p", y)).toEqual([y, y, y, 255]);
  });
});

test("ffmpeg has all formats under the same names", () => {
  const { bytes } = run(["ffmpeg", "-hide_banner", "-pix_fmts"]);
  for (const format of PIXEL_FORMATS) expect(Buffer.from(bytes).toString()).toContain(` ${format} `);
});
