// The codec jsquash: djpeg and ffmpeg decode its JPEGs, and it decodes those of cjpeg.

import { beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { readJpegSize } from "../../src/codec/jpeg/header.ts";
import { CodecError } from "../../src/core/errors.ts";
import type { Size } from "../../src/core/pixel-format.ts";
import { type ByteCodec, createByteCodec } from "../support/byte-codec.ts";
import { cjpeg, djpeg, ffmpeg } from "../support/jpeg-tools.ts";
import { largestDifference, psnr, testPicture, toRgbaBytes } from "../support/samples.ts";

let codec: ByteCodec;
beforeAll(async () => {
  codec = await createByteCodec("jsquash");
});

const SIZES: readonly Size[] = [
  { width: 160, height: 120 },
  { width: 67, height: 41 },
  { width: 1, height: 1 },
  { width: 16, height: 300 },
];

const picture = (size: Size) => testPicture(size);

async function encoded(size: Size, quality: number): Promise<Uint8Array<ArrayBuffer>> {
  return codec.encode({ ...size, format: "rgb24", bytes: picture(size).pixels }, quality);
}

async function decoded(jpeg: Uint8Array): Promise<Uint8Array> {
  const size = readJpegSize(jpeg);
  const target = new Uint8Array(size.width * size.height * 4);
  expect(await codec.decode(jpeg, target)).toEqual({ ...size, isDamaged: false });
  return target;
}

describe("jsquash: encoding", () => {
  test.each(SIZES)(
    "djpeg decodes a $width by $height JPEG of jsquash without a warning, close to the original",
    async (size) => {
      const { width, height, pixels } = djpeg(await encoded(size, 90), "-strict");
      expect({ width, height }).toEqual(size);
      expect(psnr(pixels, picture(size).pixels)).toBeGreaterThan(33);
    },
  );

  test("jsquash keeps the colour of each pixel with sampling 444", async () => {
    const size = { width: 64, height: 48 };
    const bytes = new Uint8Array(64 * 48 * 3).map((_, at) => (Math.floor(at / 3) % 2 === at % 3 ? 255 : 0)); // the pixels are red, green, red …
    const frame = { ...size, format: "rgb24", bytes } as const;
    const fine = djpeg(await codec.encode({ ...frame, sampling: "444" }, 70));
    const coarse = djpeg(await codec.encode(frame, 70));
    expect(psnr(fine.pixels, bytes)).toBeGreaterThan(psnr(coarse.pixels, bytes) + 10);
  });

  test("ffmpeg decodes a JPEG of jsquash without a warning", async () => {
    const size = SIZES[1] as Size;
    const jpeg = await encoded(size, 90);
    const { bytes, errors } = ffmpeg(
      ["-xerror", "-err_detect", "explode", "-f", "mjpeg", "-i", "-", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"],
      jpeg,
    );
    expect(errors).toBe("");
    expect(psnr(bytes, picture(size).pixels)).toBeGreaterThan(30);
  });

  test("a JPEG of jsquash is baseline and complete, and its memory is not reused", async () => {
    const jpeg = await encoded({ width: 160, height: 120 }, 75);
    expect([...jpeg.subarray(0, 2), ...jpeg.subarray(-2)]).toEqual([0xff, 0xd8, 0xff, 0xd9]);
    expect(Buffer.from(jpeg).includes(Buffer.from([0xff, 0xc0]))).toBe(true);
    expect(Buffer.from(jpeg).includes(Buffer.from([0xff, 0xc2]))).toBe(false);
    expect(jpeg.byteLength).toBe(jpeg.buffer.byteLength);
  });

  test("a higher quality gives more bytes and a picture closer to the original", async () => {
    const size = { width: 160, height: 120 };
    const original = picture(size).pixels;
    const jpegs = [await encoded(size, 10), await encoded(size, 50), await encoded(size, 95)];
    const lengths = jpegs.map((jpeg) => jpeg.length);
    const truth = jpegs.map((jpeg) => psnr(djpeg(jpeg).pixels, original));
    expect(lengths).toEqual(lengths.toSorted((a, b) => a - b));
    expect(truth).toEqual(truth.toSorted((a, b) => a - b));
    expect(new Set(lengths).size).toBe(3);
  });

  test("jsquash encodes every pixel layout from shared memory, which does not change", async () => {
    const size = { width: 64, height: 48 };
    const shared = new Uint8Array(new SharedArrayBuffer(64 * 48 * 3));
    shared.set(picture(size).pixels);
    const jpeg = await codec.encode({ ...size, format: "rgb24", bytes: shared }, 90);
    expect(psnr(djpeg(jpeg).pixels, picture(size).pixels)).toBeGreaterThan(33);
    expect(largestDifference(new Uint8Array(shared), picture(size).pixels)).toBe(0);
  });
});

describe("jsquash: decoding", () => {
  test.each([
    ["baseline", []],
    ["baseline at quality 30", ["-quality", "30"]],
    ["without subsampling", ["-sample", "1x1"]],
    ["subsampled 4:2:2", ["-sample", "2x1"]],
    ["progressive", ["-progressive"]],
    ["optimized", ["-optimize"]],
    ["with restart markers", ["-restart", "2"]],
    ["grey", ["-grayscale"]],
    ["in RGB", ["-rgb"]],
  ])("jsquash decodes a JPEG (%s) as djpeg does, at every size", async (_, args) => {
    for (const size of SIZES) {
      const jpeg = cjpeg(picture(size), ...args);
      const ours = await decoded(jpeg);
      const theirs = toRgbaBytes(djpeg(jpeg));
      expect(largestDifference(ours, theirs)).toBeLessThanOrEqual(4);
    }
  });

  test("jsquash decodes into shared memory, with opaque alpha", async () => {
    const size = SIZES[0] as Size;
    const target = new Uint8Array(new SharedArrayBuffer(160 * 120 * 4));
    await codec.decode(cjpeg(picture(size)), target);
    expect(psnr(new Uint8Array(target), toRgbaBytes(picture(size)))).toBeGreaterThan(28);
    expect(target.filter((_, index) => index % 4 === 3).every((alpha) => alpha === 255)).toBe(true);
  });
});

describe("jsquash: damaged input", () => {
  const size = { width: 67, height: 41 };
  const good = cjpeg(picture(size));

  /** The codec must still work after wrong input. */
  async function expectStillWorking(): Promise<void> {
    expect(largestDifference(await decoded(good), toRgbaBytes(djpeg(good)))).toBeLessThanOrEqual(4);
  }

  test("bytes that are not a JPEG throw a CodecError, and jsquash still works afterwards", async () => {
    const target = new Uint8Array(67 * 41 * 4);
    const nonsense = [new Uint8Array(), new Uint8Array([0xff]), Buffer.from("not a picture"), good.slice(0, 100)];
    for (const bytes of nonsense) {
      await expect(codec.decode(bytes, target)).rejects.toThrow(CodecError);
      await expectStillWorking();
    }
  });

  test("a CodecError of jsquash has a readable message", async () => {
    const error = await codec.decode(good.slice(0, 100), new Uint8Array(67 * 41 * 4)).catch((e: unknown) => e);
    expect(String(error)).toContain("100 bytes");
    expect(String(error)).not.toContain("[object");
  });

  test("a truncated JPEG throws a CodecError or decodes to a whole picture as in djpeg", async () => {
    const target = new Uint8Array(67 * 41 * 4);
    const scanAt = Buffer.from(good).indexOf(Buffer.from([0xff, 0xda]));
    for (let length = 0; length < good.length; length += 23) {
      const outcome = await codec.decode(good.slice(0, length), target).catch((error: unknown) => error);
      if (length < scanAt) expect(outcome).toBeInstanceOf(CodecError);
      else if (!(outcome instanceof CodecError)) expect(outcome).toMatchObject(size);
    }
    await expectStillWorking();
  });

  test("a target of the wrong size throws a CodecError and does not change", async () => {
    for (const length of [0, 67 * 41 * 4 - 4, 67 * 41 * 4 + 4]) {
      const target = new Uint8Array(length).fill(7);
      await expect(codec.decode(good, target)).rejects.toThrow(CodecError);
      expect(target.every((byte) => byte === 7)).toBe(true);
    }
  });

  test("JPEGs with changed bytes throw a CodecError or decode, and jsquash works after each", async () => {
    const changes = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 5 });
    const target = new Uint8Array(67 * 41 * 4);
    await codec.decode(good, target);
    const expected = new Uint8Array(target);
    await fc.assert(
      fc.asyncProperty(changes, async (each) => {
        const damaged = new Uint8Array(good);
        for (const [at, value] of each) damaged[at] = value;
        const outcome = await codec.decode(damaged, target).catch((error: unknown) => error);
        if (!(outcome instanceof CodecError)) expect(outcome).toMatchObject(size);
        expect(await codec.decode(good, target)).toEqual({ ...size, isDamaged: false });
        expect(largestDifference(target, expected)).toBe(0);
      }),
      { numRuns: 600, seed: 3, endOnFailure: true }, // the seed is fixed, because only few kinds of damage break decoders
    );
  });
});
