// encodeJpeg and decodeJpeg against cjpeg, djpeg and ffmpeg, and how their threads begin and end.

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

/** The picture in another layout, by ffmpeg. */
function rawPixels(format: string): Uint8Array<ArrayBuffer> {
  const input = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", `${SIZE.width}x${SIZE.height}`, "-i", "-"];
  return ffmpeg([...input, "-f", "rawvideo", "-pix_fmt", format, "-"], PICTURE.pixels).bytes;
}

describe("encodeJpeg", () => {
  test.each(PIXEL_FORMATS)("makes a JPEG of %s pixels that djpeg reads", async (format) => {
    const jpeg = await encodeJpeg(rawPixels(format), { ...SIZE, format, quality: 90 });
    const grey = djpeg(jpeg, "-grayscale");
    expect([grey.width, grey.height]).toEqual([SIZE.width, SIZE.height]);
    const meant = djpeg(cjpeg(PICTURE, "-quality", "100"), "-grayscale");
    expect(psnr(grey.pixels, meant.pixels)).toBeGreaterThan(35);
  });

  test("takes RGBA, quality 80 and 4:2:0 by default", async () => {
    const byDefault = await encodeJpeg(RGBA, SIZE);
    const written = await encodeJpeg(RGBA, { ...SIZE, format: "rgba", quality: 80, sampling: "420" });
    expect(Buffer.from(byDefault).equals(written)).toBe(true);
  });

  test("makes smaller files at a lower quality, and larger ones with 4:4:4", async () => {
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
  ])("rejects %s with UsageError", async (_, options, message) => {
    const failure = await encodeJpeg(RGBA, options).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(UsageError);
    expect((failure as Error).message).toContain(message);
  });
});

describe("decodeJpeg", () => {
  test.each([
    ["baseline", []],
    ["progressive", ["-progressive"]],
    ["grey", ["-grayscale"]],
    ["with restart markers", ["-restart", "1"]],
    ["4:4:4", ["-sample", "1x1"]],
  ])("decodes a JPEG (%s) as djpeg does", async (_, args) => {
    const jpeg = cjpeg(PICTURE, ...args);
    const { pixels, width, height, isDamaged } = await decodeJpeg(jpeg);
    expect({ width, height, isDamaged }).toEqual({ ...SIZE, isDamaged: false });
    expect(largestDifference(pixels, toRgbaBytes(djpeg(jpeg)))).toBeLessThanOrEqual(4);
  });

  test("decodes a camera's JPEG that lacks Huffman tables", async () => {
    const jpeg = cjpeg(PICTURE);
    const { pixels } = await decodeJpeg(withoutTables(jpeg));
    expect(largestDifference(pixels, toRgbaBytes(djpeg(jpeg)))).toBeLessThanOrEqual(4);
  });

  test("leaves the caller's bytes usable", async () => {
    const jpeg = cjpeg(PICTURE);
    const before = jpeg.slice();
    await decodeJpeg(jpeg);
    expect(Buffer.from(before).equals(jpeg)).toBe(true);
  });

  test("decodes a JPEG that is cut off, and says that it is damaged", async () => {
    const jpeg = cjpeg(PICTURE);
    const { pixels, isDamaged } = await decodeJpeg(jpeg.slice(0, jpeg.length / 2));
    expect(isDamaged).toBe(true);
    expect(pixels.length).toBe(RGBA.length);
  });

  test.each([
    ["bytes that are no JPEG", new Uint8Array(100)],
    ["no bytes", new Uint8Array()],
    ["a header alone", cjpeg(PICTURE).slice(0, 40)],
  ])("rejects %s with CodecError", async (_, bytes) => {
    expect(await decodeJpeg(bytes).catch((error: unknown) => error)).toBeInstanceOf(CodecError);
  });
});

describe("a JPEG codec", () => {
  const codec = createJpegCodec({ threads: 2 });
  afterAll(() => codec[Symbol.asyncDispose]());

  test("works through more calls than it has threads, each with its own pixels", async () => {
    const pictures = Array.from({ length: 40 }, (_, shift) => toRgbaBytes(testPicture(SIZE, 3 * shift)));
    const jpegs = await Promise.all(pictures.map((pixels) => codec.encode(pixels, { ...SIZE, quality: 95 })));
    const decoded = await Promise.all(jpegs.map((jpeg) => codec.decode(jpeg)));
    for (const [index, { pixels }] of decoded.entries()) {
      expect(psnr(pixels, pictures[index] as Uint8Array)).toBeGreaterThan(35);
    }
  });

  test("rejects calls whose signal aborts, whether they wait or not, and goes on", async () => {
    const reason = new Error("no longer wanted");
    const stop = new AbortController();
    const calls = Array.from({ length: 10 }, () => codec.encode(RGBA, { ...SIZE, signal: stop.signal }));
    stop.abort(reason);
    const outcomes = await Promise.allSettled([...calls, codec.encode(RGBA, { ...SIZE, signal: stop.signal })]);
    for (const outcome of outcomes) expect(outcome).toEqual({ status: "rejected", reason });
    expect((await codec.encode(RGBA, SIZE)).length).toBeGreaterThan(0);
  });

  test("refuses calls beyond those that may wait", async () => {
    const outcomes = await Promise.allSettled(
      Array.from({ length: 1100 }, () => codec.encode(new Uint8Array(4), { width: 1, height: 1 })),
    );
    const refused = outcomes.filter(({ status }) => status === "rejected");
    expect(refused.length).toBeGreaterThan(50);
    for (const outcome of refused) expect((outcome as PromiseRejectedResult).reason).toBeInstanceOf(CodecError);
  });

  test("rejects open calls and later ones when it is disposed", async () => {
    const other = createJpegCodec({ threads: 1 });
    const open = other.encode(RGBA, SIZE).catch((error: unknown) => error);
    await other[Symbol.asyncDispose]();
    expect(await open).toBeInstanceOf(UsageError);
    expect(await other.encode(RGBA, SIZE).catch((error: unknown) => error)).toBeInstanceOf(UsageError);
  });

  test.each([0, -1, 1.5, 1000])("does not start %d threads", (threads) => {
    expect(() => createJpegCodec({ threads })).toThrow(UsageError);
  });
});

test("encodeJpeg's threads keep a process alive while a call is open, and not afterwards", async () => {
  const module = join(import.meta.dir, "../../../src/codec/bun/jpeg.ts");
  // Nothing but the open call keeps this program alive: it does not await at its top level.
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
