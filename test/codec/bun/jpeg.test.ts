// encodeJpeg and decodeJpeg compared with cjpeg, djpeg and ffmpeg, and the start and end of their threads.

import { afterAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { createJpegCodec, decodeJpeg, encodeJpeg } from "../../../src/codec/bun/jpeg.ts";
import { CodecError, UsageError } from "../../../src/core/errors.ts";
import { PIXEL_FORMATS } from "../../../src/core/pixel-format.ts";
import { cjpeg, djpeg, ffmpeg } from "../../support/jpeg-tools.ts";
import { largestDifference, psnr, testPicture, toRgbaBytes } from "../../support/samples.ts";
import { withoutTables } from "../../support/stripped-jpeg.ts";

const SIZE = { width: 203, height: 121 };
const PICTURE = testPicture(SIZE);
const RGBA = toRgbaBytes(PICTURE);

/** The picture in another layout, converted by ffmpeg. */
function rawPixels(format: string): Uint8Array<ArrayBuffer> {
  const input = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", `${SIZE.width}x${SIZE.height}`, "-i", "-"];
  return ffmpeg([...input, "-f", "rawvideo", "-pix_fmt", format, "-"], PICTURE.pixels).bytes;
}

describe("encodeJpeg: pixels and options", () => {
  test.each(PIXEL_FORMATS)("encodeJpeg makes a JPEG from %s pixels that djpeg can read", async (format) => {
    const jpeg = await encodeJpeg(rawPixels(format), { ...SIZE, format, quality: 90 });
    const grey = djpeg(jpeg, "-grayscale");
    expect([grey.width, grey.height]).toEqual([SIZE.width, SIZE.height]);
    const meant = djpeg(cjpeg(PICTURE, "-quality", "100"), "-grayscale");
    expect(psnr(grey.pixels, meant.pixels)).toBeGreaterThan(35);
  });

  test("the defaults are RGBA, quality 80 and 4:2:0", async () => {
    const byDefault = await encodeJpeg(RGBA, SIZE);
    const written = await encodeJpeg(RGBA, { ...SIZE, format: "rgba", quality: 80, sampling: "420" });
    expect(Buffer.from(byDefault).equals(written)).toBe(true);
  });

  test("encodeJpeg makes smaller files at a lower quality, and larger ones with 4:4:4", async () => {
    const bytes = async (options: object) => (await encodeJpeg(RGBA, { ...SIZE, ...options })).length;
    const [low, high, full] = await Promise.all([bytes({ quality: 20 }), bytes({}), bytes({ sampling: "444" })]);
    expect([low, high, full]).toEqual([low, high, full].toSorted((a, b) => a - b));
    expect(new Set([low, high, full]).size).toBe(3);
  });

  test.each([
    ["too few pixels", { ...SIZE, width: 204 }, "204x121 rgba must have 98736 bytes of pixels, not 98252"],
    ["no size", { width: 0, height: 1 }, "0x1 cannot be encoded"],
    ["a fraction of a pixel", { width: 20.5, height: 10 }, "20.5x10 cannot be encoded"],
    ["a quality of 0", { ...SIZE, quality: 0 }, "quality must be a whole number from 1 to 100, not 0"],
    ["a format that is none", { ...SIZE, format: "rgb" as "rgba" }, "'rgb' is not a format"],
    ["a sampling that is none", { ...SIZE, sampling: "4:2:0" as "420" }, "'4:2:0' is not a sampling"],
  ])("encodeJpeg rejects %s with a UsageError", async (_, options, message) => {
    const failure = await encodeJpeg(RGBA, options).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(UsageError);
    expect((failure as Error).message).toContain(message);
  });
});

describe("decodeJpeg: JPEGs", () => {
  test.each([
    ["baseline", []],
    ["progressive", ["-progressive"]],
    ["grey", ["-grayscale"]],
    ["with restart markers", ["-restart", "1"]],
    ["4:4:4", ["-sample", "1x1"]],
  ])("decodeJpeg decodes a JPEG (%s) as djpeg does", async (_, args) => {
    const jpeg = cjpeg(PICTURE, ...args);
    const { pixels, width, height, isDamaged } = await decodeJpeg(jpeg);
    expect({ width, height, isDamaged }).toEqual({ ...SIZE, isDamaged: false });
    expect(largestDifference(pixels, toRgbaBytes(djpeg(jpeg)))).toBeLessThanOrEqual(4);
  });

  test("decodeJpeg decodes a camera's JPEG that lacks Huffman tables", async () => {
    const jpeg = cjpeg(PICTURE);
    const { pixels } = await decodeJpeg(withoutTables(jpeg));
    expect(largestDifference(pixels, toRgbaBytes(djpeg(jpeg)))).toBeLessThanOrEqual(4);
  });

  test("decodeJpeg does not detach the caller's bytes", async () => {
    const jpeg = cjpeg(PICTURE);
    const before = jpeg.slice();
    await decodeJpeg(jpeg);
    expect(Buffer.from(before).equals(jpeg)).toBe(true);
  });

  test("decodeJpeg decodes a JPEG that is cut off, and reports the damage", async () => {
    const jpeg = cjpeg(PICTURE);
    const { pixels, isDamaged } = await decodeJpeg(jpeg.slice(0, jpeg.length / 2));
    expect(isDamaged).toBe(true);
    expect(pixels.length).toBe(RGBA.length);
  });

  test.each([
    ["bytes that are no JPEG", new Uint8Array(100)],
    ["no bytes", new Uint8Array()],
    ["a header alone", cjpeg(PICTURE).slice(0, 40)],
  ])("decodeJpeg rejects %s with a CodecError", async (_, bytes) => {
    expect(await decodeJpeg(bytes).catch((error: unknown) => error)).toBeInstanceOf(CodecError);
  });
});

describe("JpegCodec: threads and calls", () => {
  const codec = createJpegCodec({ threads: 2 });
  afterAll(() => codec[Symbol.asyncDispose]());

  test("more calls than threads are all answered, each with its own pixels", async () => {
    const pictures = Array.from({ length: 40 }, (_, shift) => toRgbaBytes(testPicture(SIZE, 3 * shift)));
    const jpegs = await Promise.all(pictures.map((pixels) => codec.encode(pixels, { ...SIZE, quality: 95 })));
    const decoded = await Promise.all(jpegs.map((jpeg) => codec.decode(jpeg)));
    for (const [index, { pixels }] of decoded.entries()) {
      expect(psnr(pixels, pictures[index] as Uint8Array)).toBeGreaterThan(35);
    }
  });

  test("a call whose signal aborts is rejected, whether it waits or runs, and other calls go on", async () => {
    const reason = new Error("no longer wanted");
    const stop = new AbortController();
    const calls = Array.from({ length: 10 }, () => codec.encode(RGBA, { ...SIZE, signal: stop.signal }));
    stop.abort(reason);
    const outcomes = await Promise.allSettled([...calls, codec.encode(RGBA, { ...SIZE, signal: stop.signal })]);
    for (const outcome of outcomes) expect(outcome).toEqual({ status: "rejected", reason });
    expect((await codec.encode(RGBA, SIZE)).length).toBeGreaterThan(0);
  });

  test("calls beyond the limit of waiting calls are refused", async () => {
    const outcomes = await Promise.allSettled(
      Array.from({ length: 1100 }, () => codec.encode(new Uint8Array(4), { width: 1, height: 1 })),
    );
    const refused = outcomes.filter(({ status }) => status === "rejected");
    expect(refused.length).toBeGreaterThan(50);
    for (const outcome of refused) expect((outcome as PromiseRejectedResult).reason).toBeInstanceOf(CodecError);
  });

  test("the end of the codec rejects open calls and later ones", async () => {
    const other = createJpegCodec({ threads: 1 });
    const open = other.encode(RGBA, SIZE).catch((error: unknown) => error);
    await other[Symbol.asyncDispose]();
    expect(await open).toBeInstanceOf(UsageError);
    expect(await other.encode(RGBA, SIZE).catch((error: unknown) => error)).toBeInstanceOf(UsageError);
  });

  test.each([0, -1, 1.5, 1000])("%d threads are refused", (threads) => {
    expect(() => createJpegCodec({ threads })).toThrow(UsageError);
  });
});

test("the threads of encodeJpeg keep a process alive only while a call is open", async () => {
  const module = join(import.meta.dir, "../../../src/codec/bun/jpeg.ts");
  // Only the open call keeps this program alive: the program does not await at its top level.
  const program = `
    import { encodeJpeg } from "${module}";
    const size = { width: 2000, height: 2000 };
    const pixels = new Uint8Array(4 * size.width * size.height);
    encodeJpeg(pixels, size).then(() => encodeJpeg(pixels, size)).then(() => console.log("encoded twice"));
  `;
  const process = Bun.spawn(["bun", "-e", program], { stdout: "pipe", stderr: "inherit" });
  expect(await new Response(process.stdout).text()).toBe("encoded twice\n");
  expect(await process.exited).toBe(0);
});
