// Adding the Huffman tables of annex K to JPEGs that lack them. cjpeg and ffmpeg write the files, djpeg and ffmpeg check the results.

import { describe, expect, test } from "bun:test";
import { readJpegHeader } from "../../../src/codec/jpeg/header.ts";
import { withHuffmanTables } from "../../../src/codec/jpeg/standard-huffman.ts";
import { withoutTables } from "../../support/stripped-jpeg.ts";
import { cjpeg, djpeg, ffmpeg, toPnm } from "../../support/jpeg-tools.ts";
import { testPicture } from "../../support/samples.ts";

const SIZE = { width: 163, height: 81 };
const PICTURE = testPicture(SIZE);

const complete = (jpeg: Uint8Array) => withHuffmanTables(jpeg, readJpegHeader(jpeg));

describe("a JPEG that has its Huffman tables", () => {
  test.each([
    ["as cjpeg writes them", []],
    ["made for it", ["-optimize"]],
    ["grey, which needs two only", ["-grayscale"]],
    ["progressive", ["-progressive"]],
    ["coded arithmetically, which needs none", ["-arithmetic"]],
    ["with restart markers", ["-restart", "1"]],
  ])("a JPEG that has its tables is returned unchanged (%s)", (_, args) => {
    const jpeg = cjpeg(PICTURE, ...args);
    expect(complete(jpeg)).toBe(jpeg);
  });
});

describe("a JPEG without Huffman tables", () => {
  test.each([
    ["colour", []],
    ["grey", ["-grayscale"]],
    ["no subsampling", ["-sample", "1x1"]],
    ["restart markers", ["-restart", "2B"]],
  ])("a JPEG without tables gets the ones that cjpeg wrote (%s)", (_, args) => {
    const jpeg = cjpeg(PICTURE, ...args);
    const stripped = withoutTables(jpeg);
    expect(stripped.length).toBeLessThan(jpeg.length - 200);
    const completed = complete(stripped);
    expect(Buffer.compare(djpeg(completed).pixels, djpeg(jpeg).pixels)).toBe(0);
    expect(complete(completed)).toBe(completed);
  });

  test("ffmpeg reads a completed JPEG without a warning", () => {
    const args = ["-pix_fmt", "yuvj422p", "-huffman", "default", "-f", "mjpeg", "-"];
    const jpeg = ffmpeg(["-f", "image2pipe", "-c:v", "ppm", "-i", "-", ...args], toPnm(PICTURE)).bytes;
    const completed = complete(withoutTables(jpeg));
    const raw = (bytes: Uint8Array) =>
      ffmpeg(["-f", "mjpeg", "-i", "-", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"], bytes);
    expect(raw(completed).errors).toBe("");
    expect(Buffer.compare(raw(completed).bytes, raw(jpeg).bytes)).toBe(0);
  });

  test("a completed JPEG equals the one that cjpeg wrote, byte for byte", () => {
    for (const args of [[], ["-sample", "2x1"], ["-quality", "30"]]) {
      const jpeg = cjpeg(PICTURE, ...args);
      expect(Buffer.compare(complete(withoutTables(jpeg)), jpeg)).toBe(0);
    }
  });

  test("a JPEG that lacks some tables keeps the others", () => {
    const jpeg = cjpeg(PICTURE, "-optimize");
    // Its own luminance tables remain. Chrominance uses the standard ones.
    const standard = cjpeg(PICTURE);
    for (const keeps of [[0x00], [0x00, 0x10], [0x01, 0x11], [0x00, 0x10, 0x01]]) {
      const completed = complete(withoutTables(standard, keeps));
      expect(Buffer.compare(djpeg(completed).pixels, djpeg(standard).pixels)).toBe(0);
    }
    const kept = withoutTables(jpeg, [0x00, 0x10]);
    const completed = complete(kept);
    expect(completed.length).toBe(kept.length + 2 * 4 + 2 * 17 + 12 + 162); // two segments are missing: chrominance DC and AC
  });

  test("a progressive JPEG is returned unchanged, because it has no standard tables", () => {
    const stripped = withoutTables(cjpeg(PICTURE, "-progressive"));
    expect(complete(stripped)).toBe(stripped);
  });
});
