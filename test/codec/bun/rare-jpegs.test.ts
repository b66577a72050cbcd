// JPEGs of rare kinds: they are decoded if possible, or else their kind is named. Compared with djpeg and Pillow.

import { expect, test } from "bun:test";
import { join } from "node:path";
import { decodeJpeg } from "../../../src/codec/bun/jpeg.ts";
import { UnsupportedJpegError } from "../../../src/codec/jpeg/frame-kind.ts";
import { readJpegHeader } from "../../../src/codec/jpeg/header.ts";
import { CodecError } from "../../../src/core/errors.ts";
import { createByteCodec } from "../../support/byte-codec.ts";
import { cjpeg, djpeg } from "../../support/jpeg-tools.ts";
import { withFrameKind, withSegment } from "../../support/marked-jpegs.ts";
import { psnr, testPicture } from "../../support/samples.ts";

const KINDS = join(import.meta.dir, "../../fixtures/jpeg-kinds");
const SIZE = { width: 160, height: 120 };
const BASELINE = cjpeg(testPicture(SIZE), "-quality", "90");

function withHeight(height: number): Uint8Array<ArrayBuffer> {
  const changed = new Uint8Array(BASELINE);
  changed.set([height >> 8, height & 255], Buffer.from(BASELINE).indexOf(Buffer.from([0xff, 0xc0])) + 5);
  return changed;
}

const withoutAlpha = (rgba: Uint8Array) => rgba.filter((_, at) => at % 4 !== 3);
const fixture = (name: string) => Bun.file(join(KINDS, name)).bytes();

test.each([
  ["sequential", []],
  ["progressive", ["-progressive"]],
  ["grey", ["-grayscale"]],
  ["4:4:4 with restart markers", ["-sample", "1x1", "-restart", "1"]],
])("an arithmetic-coded JPEG (%s) is decoded as djpeg decodes it", async (_, args) => {
  const jpeg = cjpeg(testPicture(SIZE), "-quality", "90", "-arithmetic", ...args);
  const expected = djpeg(jpeg);
  const { pixels, width, height, isDamaged } = await decodeJpeg(jpeg);
  expect({ width, height, isDamaged }).toEqual({ ...SIZE, isDamaged: false });
  const rgb = withoutAlpha(pixels);
  const got = expected.channels === 3 ? rgb : rgb.filter((_, at) => at % 3 === 0);
  expect(psnr(got, expected.pixels)).toBeGreaterThan(50);
});

test.each([
  ["sequential", []],
  ["progressive", ["-progressive"]],
])("an arithmetic-coded JPEG (%s) that is cut is decoded as far as it came, as djpeg decodes it", async (_, args) => {
  const jpeg = cjpeg(testPicture(SIZE), "-quality", "95", "-arithmetic", ...args);
  for (const length of [jpeg.length - 2, jpeg.length * 0.8, jpeg.length * 0.6]) {
    const cut = jpeg.subarray(0, length);
    const expected = djpeg(Buffer.concat([cut, Buffer.from([0xff, 0xd9])]));
    const { pixels, width, height, isDamaged } = await decodeJpeg(cut);
    expect({ width, height, isDamaged }).toEqual({ ...SIZE, isDamaged: true });
    expect(psnr(withoutAlpha(pixels), expected.pixels)).toBeGreaterThan(50);
  }
  expect(await decodeJpeg(jpeg)).toMatchObject({ isDamaged: false });
});

test.each([
  ["cmyk.jpg", "cmyk.ppm", 45],
  ["cmyk-progressive.jpg", "cmyk.ppm", 45],
  ["cmyk-no-adobe.jpg", "cmyk.ppm", 45],
  ["ycck.jpg", "ycck.ppm", 45],
  ["ycck-420.jpg", "ycck-420.ppm", 28], // jpeg-js repeats chroma samples, while libjpeg interpolates them
])("%s is decoded as Pillow decodes it", async (name, picture, least) => {
  const expected = (await fixture(picture)).subarray("P6\n48 32\n255\n".length);
  const { pixels, width, height } = await decodeJpeg(await fixture(name));
  expect({ width, height }).toEqual({ width: 48, height: 32 });
  expect(psnr(withoutAlpha(pixels), expected)).toBeGreaterThan(least);
});

test("a damaged JPEG of a rare kind is refused or decoded in part, and the next one is decoded", async () => {
  const arithmetic = cjpeg(testPicture(SIZE), "-arithmetic");
  const cmyk = await fixture("cmyk.jpg");
  for (const jpeg of [arithmetic, cmyk]) {
    const { scanAt, dataAt } = readJpegHeader(jpeg);
    const cut = jpeg.subarray(0, dataAt + 10);
    const spoiled = new Uint8Array(jpeg).fill(0xff, scanAt + 4, scanAt + 8);
    for (const broken of [cut, spoiled]) {
      const outcome = await decodeJpeg(broken).catch((error: unknown) => error);
      if (outcome instanceof Error) expect(outcome).toBeInstanceOf(CodecError);
    }
    expect(await decodeJpeg(jpeg)).toMatchObject({ isDamaged: false });
  }
});

test("both codecs refuse rare kinds if the runtime has no decoder for them", async () => {
  const arithmetic = cjpeg(testPicture(SIZE), "-arithmetic");
  for (const name of ["simd", "jsquash"] as const) {
    const codec = await createByteCodec(name);
    const target = new Uint8Array(SIZE.width * SIZE.height * 4);
    await expect(codec.decode(arithmetic, target)).rejects.toThrow(
      "arithmetic-coded JPEGs and CMYK cannot be decoded here",
    );
  }
});

test.each([
  ["12-bit JPEG (SOF1, precision 12)", withFrameKind(BASELINE, 0xc1, 12)],
  ["12-bit JPEG (SOF2, precision 12)", withFrameKind(BASELINE, 0xc2, 12)],
  ["lossless JPEG (SOF3)", withFrameKind(BASELINE, 0xc3)],
  ["lossless JPEG (SOF11)", withFrameKind(BASELINE, 0xcb, 16)],
  ["hierarchical JPEG (SOF5)", withFrameKind(BASELINE, 0xc5)],
  ["hierarchical JPEG (SOF14)", withFrameKind(BASELINE, 0xce)],
  ["hierarchical JPEG (DHP)", withSegment(BASELINE, 0xde, new Uint8Array(6))],
  ["JPEG-LS (SOF55)", withFrameKind(BASELINE, 0xf7)],
  ["JPEG whose height follows its scan (DNL)", withHeight(0)],
  ["JPEG of 160x8193 pixels", withHeight(8193)],
])("%s is refused, and the error names its kind", async (what, jpeg) => {
  expect(() => readJpegHeader(jpeg)).toThrow(UnsupportedJpegError);
  await expect(decodeJpeg(jpeg)).rejects.toThrow(`Slipstream does not decode ${what}`);
});

test("a CMYK picture of more pixels than 4096x2160 is refused by its header, before memory is taken", async () => {
  const cmyk = await fixture("cmyk.jpg");
  const frameAt = Buffer.from(cmyk).indexOf(Buffer.from([0xff, 0xc0]));
  const ofSize = (width: number, height: number) => {
    const changed = new Uint8Array(cmyk);
    new DataView(changed.buffer).setUint16(frameAt + 5, height);
    new DataView(changed.buffer).setUint16(frameAt + 7, width);
    return changed;
  };
  expect(readJpegHeader(ofSize(4096, 2160))).toMatchObject({ width: 4096, height: 2160 });
  for (const [width, height] of [
    [4096, 2161],
    [5792, 5792],
  ] as const) {
    await expect(decodeJpeg(ofSize(width, height))).rejects.toThrow(
      `Slipstream does not decode JPEG of four components (CMYK) of ${width}x${height} pixels, because it has more than 8847360 pixels`,
    );
  }
});
