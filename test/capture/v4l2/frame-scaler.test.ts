// FrameScaler: scales frames of each layout as ffmpeg does.

import { expect, test } from "bun:test";
import { frameBytes, type PixelFormat } from "../../../src/core/pixel-format.ts";
import { FrameScaler } from "../../../src/capture/v4l2/frame-scaler.ts";
import { ffmpeg } from "../../support/jpeg-tools.ts";
import { psnr } from "../../support/samples.ts";

const SIZE = { width: 144, height: 96 };
const FORMATS = ["rgba", "rgb24", "bgr24", "gray", "yuv420p", "yuvj420p", "nv12", "yuyv422"] as const;

const drawn = (format: PixelFormat, filters: string): Uint8Array => {
  const source = `testsrc2=size=${SIZE.width}x${SIZE.height}:rate=1`;
  const output = ["-pix_fmt", format, "-f", "rawvideo", "-"];
  return ffmpeg(["-f", "lavfi", "-i", source, "-frames:v", "1", "-vf", filters, ...output]).bytes;
};

test.each(FORMATS.flatMap((format) => [158, 130, 60].map((width) => [format, width] as const)))(
  "%s is scaled to a width of %d pixels as ffmpeg does",
  (format, width) => {
    const before = drawn(format, `format=${format}`);
    // Each plane is scaled alone, as FrameScaler does. ffmpeg itself would scale YUYV as 4:2:2 and RGB as packed pixels.
    const expected = drawn(format, `format=${format},scale=${width}:${SIZE.height}:flags=bilinear+accurate_rnd`);
    const scaled = new Uint8Array(frameBytes(format, width, SIZE.height)).fill(1);
    new FrameScaler(format, SIZE, width).scale(before, scaled);
    expect(psnr(scaled, expected)).toBeGreaterThan(32);
  },
);

test("a frame of the same width does not change", () => {
  for (const format of FORMATS) {
    const frame = drawn(format, `format=${format}`);
    const scaled = new Uint8Array(frame.length);
    new FrameScaler(format, SIZE, SIZE.width).scale(frame, scaled);
    expect(Buffer.compare(frame, scaled)).toBe(0);
  }
});

test("alpha and flat colours do not change", () => {
  const frame = new Uint8Array(frameBytes("rgba", SIZE.width, SIZE.height)).map(
    (_, at) => [10, 200, 255, 255][at % 4] ?? 0,
  );
  const scaled = new Uint8Array(frameBytes("rgba", 158, SIZE.height));
  new FrameScaler("rgba", SIZE, 158).scale(frame, scaled);
  expect(scaled.every((level, at) => level === frame[at % 4])).toBe(true);
});
