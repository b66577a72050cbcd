// FrameCopier, matchColour and captureStamp: padding, levels and stamps of a device's frames. Levels are compared with ffmpeg.

import { describe, expect, test } from "bun:test";
import { frameBytes, type PixelFormat } from "../../../src/core/pixel-format.ts";
import { matchColour } from "../../../src/capture/v4l2/colour.ts";
import { FrameCopier } from "../../../src/capture/v4l2/frame-copy.ts";
import { V4L2 } from "../../../src/system/v4l2/layouts.ts";
import { captureStamp } from "../../../src/capture/v4l2/session.ts";

const RANDOM = new Uint8Array(1 << 16);
for (let i = 0, seed = 1; i < RANDOM.length; i++) {
  seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
  RANDOM[i] = seed >>> 16;
}

/** The planes of each format: bytes of a line, number of lines, and padding of each line in the buffer. */
const PLANES: [PixelFormat, number, [lineBytes: number, lines: number, padding: number][]][] = [
  ["rgb24", 8, [[30 * 3, 14, 8]]],
  ["bgr24", 8, [[30 * 3, 14, 8]]],
  ["gray", 2, [[30, 14, 2]]],
  ["yuyv422", 4, [[60, 14, 4]]],
  [
    "nv12",
    2,
    [
      [30, 14, 2],
      [30, 7, 2],
    ],
  ],
  [
    "yuv420p",
    2,
    [
      [30, 14, 2],
      [15, 7, 1],
      [15, 7, 1],
    ],
  ],
];

describe("FrameCopier: padding", () => {
  test.each(PLANES)("FrameCopier: leaves out the padding of %s", (format, padding, planes) => {
    const size = { width: 30, height: 14 };
    const frame = RANDOM.slice(0, frameBytes(format, size.width, size.height));
    // The test fills the buffer line by line, as a driver does.
    const buffer: number[] = [];
    let at = 0;
    for (const [lineBytes, lines, more] of planes) {
      for (let line = 0; line < lines; line++) {
        buffer.push(...frame.subarray(at, at + lineBytes), ...Array(more).fill(0xee));
        at += lineBytes;
      }
    }
    expect(at).toBe(frame.length);
    const lineBytes = (planes[0]?.[0] ?? 0) + padding;
    const copier = new FrameCopier(format, size, lineBytes, "none");
    const got = new Uint8Array(frame.length);
    copier.copy(new Uint8Array(buffer), got);
    expect(got).toEqual(frame);
    expect(copier.bufferBytes).toBe(buffer.length - (planes.at(-1)?.[2] ?? 0));
    const tight = new Uint8Array(frame.length);
    new FrameCopier(format, size, 0, "none").copy(frame, tight); // 0 if the driver gives no value
    expect(tight).toEqual(frame);
  });
});

describe("FrameCopier: levels", () => {
  const size = { width: 64, height: 32 };
  const ffmpeg = (format: string, from: string, to: string, input: Uint8Array) => {
    const flags = ["-f", "rawvideo", "-pix_fmt", format, "-s", "64x32", "-i", "-"];
    const scale = `scale=in_range=${from}:out_range=${to}:flags=accurate_rnd+bitexact`;
    const command = ["ffmpeg", "-v", "error", ...flags, "-vf", `${scale},format=${format}`, "-f", "rawvideo", "-"];
    const { stdout, success, stderr } = Bun.spawnSync(command, { stdin: input });
    if (!success) throw new Error(stderr.toString());
    return new Uint8Array(stdout);
  };

  test.each([
    ["yuyv422", "full", "limited", "full-to-studio"],
    ["nv12", "full", "limited", "full-to-studio"],
  ] as const)("FrameCopier: changes %s from %s to %s range as ffmpeg does", (format, from, to, levels) => {
    const input = RANDOM.slice(0, frameBytes(format, size.width, size.height));
    const ours = new Uint8Array(input.length);
    new FrameCopier(format, size, 0, levels).copy(input, ours);
    const theirs = ffmpeg(format, from, to, input);
    expect(theirs.length).toBe(ours.length);
    let worst = 0;
    for (let i = 0; i < ours.length; i++)
      worst = Math.max(worst, Math.abs((ours[i] as number) - (theirs[i] as number)));
    expect(worst).toBeLessThanOrEqual(1); // FrameCopier's fixed-point arithmetic rounds
    expect(ours).not.toEqual(input);
  });

  test("FrameCopier: grey of limited range is stretched to black and white", () => {
    const grey = new Uint8Array([0, 16, 126, 235, 255]);
    const full = new Uint8Array(5);
    new FrameCopier("gray", { width: 5, height: 1 }, 0, "studio-to-full").copy(grey, full);
    expect([...full]).toEqual([0, 0, 128, 255, 255]);
  });
});

describe("matchColour: colour of the driver", () => {
  const reported = (colorspace: number, ycbcrEncoding = 0, quantization = 0) => ({
    colorspace,
    ycbcrEncoding,
    quantization,
  });
  const SRGB = 8;
  test("matchColour: a webcam that reports only sRGB is taken as BT.601 in limited range", () => {
    expect(matchColour("yuyv422", reported(SRGB))).toEqual({ format: "yuyv422", levels: "none", remark: null });
    expect(matchColour("yuv420p", reported(SRGB))).toMatchObject({ format: "yuv420p", levels: "none" });
  });
  test("matchColour: keeps full range if a format for it exists, and otherwise converts it", () => {
    expect(matchColour("yuv420p", reported(V4L2.COLORSPACE_JPEG))).toMatchObject({
      format: "yuvj420p",
      levels: "none",
    });
    expect(matchColour("nv12", reported(SRGB, 0, V4L2.QUANTIZATION_FULL_RANGE))).toMatchObject({
      levels: "full-to-studio",
    });
    expect(matchColour("yuyv422", reported(V4L2.COLORSPACE_JPEG, 0, V4L2.QUANTIZATION_LIM_RANGE)).levels).toBe("none");
  });
  test("matchColour: RGB and grey are full range unless the driver reports another range", () => {
    for (const format of ["rgb24", "bgr24", "gray"] as const) {
      expect(matchColour(format, reported(SRGB)).levels).toBe("none");
      expect(matchColour(format, reported(SRGB, 0, V4L2.QUANTIZATION_LIM_RANGE)).levels).toBe("studio-to-full");
    }
  });
  test("matchColour: a matrix other than BT.601 gives a remark", () => {
    expect(matchColour("nv12", reported(V4L2.COLORSPACE_REC709)).remark).toContain("BT.709");
    expect(matchColour("nv12", reported(SRGB, V4L2.YCBCR_ENC_BT2020)).remark).toContain("BT.2020");
    expect(matchColour("nv12", reported(V4L2.COLORSPACE_REC709, V4L2.YCBCR_ENC_601)).remark).toBeNull();
    expect(matchColour("rgb24", reported(V4L2.COLORSPACE_REC709)).remark).toBeNull();
  });
});

describe("captureStamp: stamps of the driver", () => {
  const now = 60_000_000;
  test("captureStamp: is the driver's stamp", () => expect(captureStamp(now - 12_345, now, 0)).toBe(now - 12_345));
  test.each([
    ["no stamp", null],
    ["a stamp from the future", now + 100_000],
    ["a stamp from long ago", now - 10_000_001],
  ])("captureStamp: %s is replaced by the current time", (_, stamp) => expect(captureStamp(stamp, now, 0)).toBe(now));
  test("captureStamp: a frame that waited in the driver while the process was stopped keeps its age", () => {
    expect(captureStamp(now - 50e6, now, 45e6)).toBe(now - 50e6);
  });
});
