// The pixel layouts of virtual cameras, compared with those that ffmpeg converts from the same picture.

import { expect, test } from "bun:test";
import { PIXEL_LAYOUTS } from "../../../src/client/virtual-camera/pixel-layouts.ts";
import { gradients, noise, type RgbPicture } from "../../support/generated-pictures.ts";
import { ffmpeg } from "../../support/jpeg-tools.ts";
import { largestDifference } from "../../support/samples.ts";

const SIZE = { width: 62, height: 34 };

/** ffmpeg's names of the layouts. */
const FFMPEG_NAMES: Readonly<Record<string, string>> = {
  YUYV: "yuyv422",
  UYVY: "uyvy422",
  YU12: "yuv420p",
  NV12: "nv12",
  RGB3: "rgb24",
  BGR3: "bgr24",
  XR24: "bgr0",
  BGR4: "bgra",
  AR24: "bgra",
  RGB4: "argb",
  XB24: "rgb0",
  AB24: "rgba",
};

function rgba({ rgb, width, height }: RgbPicture): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(width * height * 4).fill(255);
  for (let pixel = 0; pixel < width * height; pixel++) {
    result.set(rgb.subarray(pixel * 3, pixel * 3 + 3), pixel * 4);
  }
  return result;
}

/** Lets ffmpeg convert the picture, with exact arithmetic and with the mean of the colours of neighbouring pixels. */
function converted(pixels: Uint8Array, format: string): Uint8Array {
  const input = ["-f", "rawvideo", "-pix_fmt", "rgba", "-video_size", `${SIZE.width}x${SIZE.height}`, "-i", "-"];
  const flags = "accurate_rnd+full_chroma_inp+bitexact+area";
  const scale = `scale=flags=${flags}:out_color_matrix=bt601:out_range=limited`;
  const isRgb = format.includes("rgb") || format.includes("bgr");
  return ffmpeg([...input, ...(isRgb ? [] : ["-vf", scale]), "-pix_fmt", format, "-f", "rawvideo", "-"], pixels).bytes;
}

for (const layout of PIXEL_LAYOUTS) {
  test(`pixel layout ${layout.fourcc}: is ffmpeg's ${FFMPEG_NAMES[layout.fourcc]}`, () => {
    for (const picture of [gradients(SIZE.width, SIZE.height), noise(SIZE.width, SIZE.height)]) {
      const pixels = rgba(picture);
      const lineBytes = layout.lineBytes(SIZE.width);
      const frame = new Uint8Array(layout.pictureBytes(lineBytes, SIZE.height));
      layout.convert({ ...SIZE, pixels }, frame, lineBytes);
      const expected = converted(pixels, FFMPEG_NAMES[layout.fourcc] as string);
      expect(frame.length).toBe(expected.length);
      // ffmpeg rounds the weights of the colours to 15 bits, and rounds twice.
      expect(largestDifference(frame, expected)).toBeLessThanOrEqual(layout.needsEvenSides ? 2 : 0);
    }
  });

  test(`pixel layout ${layout.fourcc}: longer lines have the same pixels, and the bytes between them stay`, () => {
    const pixels = rgba(noise(SIZE.width, SIZE.height));
    const lineBytes = layout.lineBytes(SIZE.width);
    const [plain, padded] = [lineBytes, lineBytes + 16].map((bytes) => {
      const frame = new Uint8Array(layout.pictureBytes(bytes, SIZE.height)).fill(7);
      layout.convert({ ...SIZE, pixels }, frame, bytes);
      return frame;
    }) as [Uint8Array, Uint8Array];
    for (let row = 0; row < SIZE.height; row++) {
      const line = padded.subarray(row * (lineBytes + 16), (row + 1) * (lineBytes + 16));
      expect(Buffer.compare(line.subarray(0, lineBytes), plain.subarray(row * lineBytes, (row + 1) * lineBytes))).toBe(
        0,
      );
      expect(line.subarray(lineBytes).every((byte) => byte === 7)).toBe(true);
    }
    const colours = plain.subarray(lineBytes * SIZE.height);
    // Lines of separate planes of colours have half the padding.
    const isOnePlane = layout.fourcc === "NV12";
    const colourBytes = isOnePlane ? lineBytes : lineBytes / 2;
    const gap = isOnePlane ? 16 : 8;
    for (let row = 0; row * colourBytes < colours.length; row++) {
      const at = (lineBytes + 16) * SIZE.height + row * (colourBytes + gap);
      const expected = colours.subarray(row * colourBytes, (row + 1) * colourBytes);
      expect(Buffer.compare(padded.subarray(at, at + colourBytes), expected)).toBe(0);
    }
  });
}
