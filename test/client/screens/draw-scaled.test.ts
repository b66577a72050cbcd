// drawScaled: place and size of the drawn picture, compared with ffmpeg's scaler. No other pixel changes.

import { expect, test } from "bun:test";
import { drawScaled } from "../../../src/client/screens/draw-scaled.ts";
import { ffmpegBytes } from "../../support/programs.ts";

const SOURCE = { width: 320, height: 240 };
const source = new Uint8Array(
  ffmpegBytes(
    "-f",
    "lavfi",
    "-i",
    "smptehdbars=s=320x240,gblur=3",
    "-frames:v",
    "1",
    "-f",
    "rawvideo",
    "-pix_fmt",
    "rgba",
  ),
);

test.each([
  [320, 240],
  [200, 150],
  [160, 120],
  [640, 480],
  [500, 100],
])("drawScaled: scales to %dx%d as ffmpeg does, and changes no other pixel", (width, height) => {
  const target = {
    width: width + 7,
    height: height + 5,
    pixels: new Uint8Array((width + 7) * (height + 5) * 4).fill(9),
  };
  drawScaled({ ...SOURCE, pixels: source }, target, { x: 3, y: 4, width, height });
  const filters = `smptehdbars=s=320x240,gblur=3,scale=${width}:${height}:flags=bilinear`;
  const judge = ffmpegBytes("-f", "lavfi", "-i", filters, "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgba");
  let error = 0;
  let outside = 0;
  for (let y = 0; y < target.height; y++) {
    for (let x = 0; x < target.width; x++) {
      const isInside = x >= 3 && x < 3 + width && y >= 4 && y < 4 + height;
      for (let channel = 0; channel < 4; channel++) {
        const value = target.pixels[(y * target.width + x) * 4 + channel] as number;
        if (isInside) error += Math.abs(value - (judge[((y - 4) * width + x - 3) * 4 + channel] as number));
        else if (value !== 9) outside++;
      }
    }
  }
  expect(outside).toBe(0);
  expect(error / (width * height * 4)).toBeLessThan(3);
});
