// FrameScaler: scales frames of each layout as ffmpeg does.

import { beforeAll, expect, test } from "bun:test";
import { frameBytes, type PixelFormat } from "../../../src/core/pixel-format.ts";
import { FrameScaler } from "../../../src/capture/v4l2/frame-scaler.ts";
import { ffmpegBatch } from "../../support/ffmpeg-batch.ts";
import { psnr } from "../../support/samples.ts";

const SIZE = { width: 144, height: 96 };
const FORMATS = ["rgba", "rgb24", "bgr24", "gray", "yuv420p", "yuvj420p", "nv12", "yuyv422"] as const;

const WIDTHS = [158, 130, 60];
/** The picture in each format, and what ffmpeg makes of it in each width. */
const drawn = new Map<string, Uint8Array>();

const keyOf = (format: PixelFormat, width: number) => `${format} ${width}`;

beforeAll(() => {
  const wanted = FORMATS.flatMap((format) => [SIZE.width, ...WIDTHS].map((width) => ({ format, width })));
  const frames = ffmpegBatch(
    wanted.map(({ format, width }) => {
      // Each plane is scaled alone, as FrameScaler does. ffmpeg itself would scale YUYV as 4:2:2 and RGB as packed pixels.
      const scale = `,scale=${width}:${SIZE.height}:flags=bilinear+accurate_rnd`;
      const filters = `format=${format}${width === SIZE.width ? "" : scale}`;
      return {
        input: `testsrc2=size=${SIZE.width}x${SIZE.height}:rate=1`,
        inputArguments: ["-f", "lavfi"],
        outputArguments: ["-vf", filters, "-pix_fmt", format],
      };
    }),
  );
  for (const [index, { format, width }] of wanted.entries())
    drawn.set(keyOf(format, width), frames[index] ?? new Uint8Array());
});

const drawnIn = (format: PixelFormat, width: number = SIZE.width) =>
  drawn.get(keyOf(format, width)) ?? new Uint8Array();

test.each(FORMATS.flatMap((format) => WIDTHS.map((width) => [format, width] as const)))(
  "%s is scaled to a width of %d pixels as ffmpeg does",
  (format, width) => {
    const scaled = new Uint8Array(frameBytes(format, width, SIZE.height)).fill(1);
    new FrameScaler(format, SIZE, width).scale(drawnIn(format), scaled);
    expect(psnr(scaled, drawnIn(format, width))).toBeGreaterThan(32);
  },
);

test("a frame of the same width does not change", () => {
  for (const format of FORMATS) {
    const frame = drawnIn(format);
    expect(frame.length).toBe(frameBytes(format, SIZE.width, SIZE.height));
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
