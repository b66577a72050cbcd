// chooseMode with the tables of real cameras, and describeDifference.

import { describe, expect, test } from "bun:test";
import type { CameraFormat, IntervalRange } from "../../../src/capture/v4l2/formats.ts";
import { fourccCode, fourccText } from "../../../src/system/v4l2/fourcc.ts";
import { chooseMode, describeDifference, type Wanted } from "../../../src/capture/v4l2/negotiate.ts";
import { rateOf } from "../../../src/capture/v4l2/formats.ts";

type Sizes = Record<string, number[]>;

function offered(fourcc: string, sizes: Sizes): CameraFormat {
  return {
    fourcc,
    description: fourcc,
    isEmulated: false,
    convertsMatrix: false,
    convertsRange: false,
    sizes: Object.entries(sizes).map(([text, rates]) => {
      const [width = 0, height = 0] = text.split("x").map(Number);
      const size = { width, height };
      const intervals = rates.map((rate): IntervalRange => {
        const interval = { numerator: 1000, denominator: rate * 1000 };
        return { shortest: interval, longest: interval };
      });
      return { smallest: size, largest: size, step: { width: 1, height: 1 }, intervals };
    }),
  };
}

/** A Logitech C920, as `v4l2-ctl --list-formats-ext` shows it. USB 2 is slow for formats without compression. */
const WEBCAM = [
  offered("YUYV", {
    "640x480": [30, 24, 20, 15, 10, 7.5, 5],
    "160x90": [30, 15],
    "1280x720": [10, 7.5, 5],
    "1920x1080": [5],
    "2304x1536": [2],
  }),
  offered("H264", { "640x480": [30], "1920x1080": [30] }),
  offered("MJPG", { "640x480": [30, 15], "1280x720": [30, 24, 15], "1920x1080": [30, 24, 15] }),
];

function chosen(formats: CameraFormat[], wanted: Partial<Wanted>, excluded?: Set<string>): string | null {
  const mode = chooseMode(formats, { size: null, framesPerSecond: null, format: null, ...wanted }, excluded);
  if (mode === null) return null;
  const rate = mode.interval === null ? "?" : Math.round(rateOf(mode.interval) * 10) / 10;
  return `${mode.fourcc} ${mode.size.width}x${mode.size.height} ${rate}`;
}

const size = (width: number, height: number) => ({ width, height });

describe("chooseMode: a webcam", () => {
  test.each([
    ["no wish: the usual size at its full rate", {}, "MJPG 1280x720 30"],
    ["a size that two formats have at the same rate: JPEG", { size: size(640, 480) }, "MJPG 640x480 30"],
    ["a raw format", { size: size(640, 480), format: "yuyv422" }, "YUYV 640x480 30"],
    ["a raw format in a large size, which is slow", { size: size(1920, 1080), format: "yuyv422" }, "YUYV 1920x1080 5"],
    ["a raw format alone, whose usual size is slow: a smaller size", { format: "yuyv422" }, "YUYV 640x480 30"],
    ["size and rate", { size: size(1920, 1080), framesPerSecond: 24 }, "MJPG 1920x1080 24"],
    ["a rate that only the raw format has", { size: size(640, 480), framesPerSecond: 7.5 }, "YUYV 640x480 7.5"],
    ["a size that no format has: the nearest", { size: size(1900, 1000) }, "MJPG 1920x1080 30"],
    ["a size before a rate", { size: size(2304, 1536), framesPerSecond: 30 }, "YUYV 2304x1536 2"],
    ["a higher rate than there is", { size: size(1280, 720), framesPerSecond: 120 }, "MJPG 1280x720 30"],
    ["a rate between two: the nearer by ratio", { size: size(1280, 720), framesPerSecond: 20 }, "MJPG 1280x720 24"],
    ["a rate alone, in the usual size", { framesPerSecond: 15 }, "MJPG 1280x720 15"],
  ] satisfies [string, Partial<Wanted>, string][])("chooseMode: %s", (_, wanted, expected) => {
    expect(chosen(WEBCAM, wanted)).toBe(expected);
  });

  test("chooseMode: leaves out the formats that the driver refused, until none is left", () => {
    expect(chosen(WEBCAM, { size: size(640, 480) }, new Set(["MJPG"]))).toBe("YUYV 640x480 30");
    expect(chosen(WEBCAM, {}, new Set(["MJPG", "YUYV"]))).toBeNull();
  });

  test("chooseMode: returns null for a format that the camera does not have", () =>
    expect(chosen(WEBCAM, { format: "nv12" })).toBeNull());
});

test("chooseMode: a camera with more than 30 frames per second runs at its full rate", () => {
  expect(chosen([offered("MJPG", { "1280x720": [120, 60, 30] })], {})).toBe("MJPG 1280x720 120");
});

test("chooseMode: prefers JPEG, then planar, packed, RGB and grey formats", () => {
  const all = ["GREY", "BGR3", "RGB3", "YUYV", "NV12", "YU12", "MJPG"].map((fourcc) =>
    offered(fourcc, { "640x360": [30] }),
  );
  const order: string[] = [];
  for (;;) {
    const mode = chooseMode(all, { size: null, framesPerSecond: null, format: null }, new Set(order));
    if (mode === null) break;
    order.push(mode.fourcc);
  }
  expect(order).toEqual(["MJPG", "YU12", "NV12", "YUYV", "RGB3", "BGR3", "GREY"]);
});

test("chooseMode: does not choose unknown or emulated formats", () => {
  expect(chosen([offered("H264", { "640x480": [30] }), offered("BA81", { "640x480": [30] })], {})).toBeNull();
  expect(chosen([{ ...offered("YU12", { "640x480": [30] }), isEmulated: true }], {})).toBeNull();
});

describe("chooseMode: ranges instead of lists", () => {
  const scaler: CameraFormat = {
    ...offered("YUYV", {}),
    sizes: [
      {
        smallest: size(32, 32),
        largest: size(1920, 1200),
        step: size(16, 4),
        intervals: [{ shortest: { numerator: 1, denominator: 60 }, longest: { numerator: 1, denominator: 5 } }],
      },
    ],
  };
  test.each([
    [{ size: size(1000, 501), framesPerSecond: 25 }, "YUYV 1008x500 25"],
    [{ size: size(8000, 10), framesPerSecond: 1 }, "YUYV 1920x32 5"],
    [{ size: size(640, 480), framesPerSecond: 12.5 }, "YUYV 640x480 12.5"],
    [{}, "YUYV 1280x720 60"],
  ])("chooseMode: chooses within ranges for %p", (wanted, expected) => expect(chosen([scaler], wanted)).toBe(expected));

  test("chooseMode: asks a driver that lists no sizes for the wanted size", () => {
    expect(chosen([offered("YUYV", {})], { size: size(720, 576) })).toBe("YUYV 720x576 ?");
  });
});

describe("describeDifference: text", () => {
  const wanted: Wanted = { size: size(1280, 720), framesPerSecond: 60, format: null };
  const actual = { fourcc: "MJPG", size: size(1280, 720), framesPerSecond: 30 };

  test("describeDifference: names another rate or size in one line", () => {
    const text = "the camera does not support 1280x720 at 60 fps: using 1280x720 at 30 fps as MJPG";
    expect(describeDifference(wanted, actual)).toBe(text);
    const other = { ...actual, size: size(640, 360), framesPerSecond: 0 };
    expect(describeDifference({ ...wanted, framesPerSecond: null }, other)).toBe(
      "the camera does not support 1280x720: using 640x360 as MJPG",
    );
  });

  test("describeDifference: returns null if nothing was requested, or if the request is met except for rounding", () => {
    expect(describeDifference({ ...wanted, framesPerSecond: 30 }, { ...actual, framesPerSecond: 30.00003 })).toBeNull();
    expect(describeDifference({ size: null, framesPerSecond: null, format: null }, actual)).toBeNull();
  });
});

test("fourccCode and fourccText: convert the letters of a format to its code and back", () => {
  // v4l2_fourcc('Y', 'U', 'Y', 'V') and v4l2_fourcc_be('Y', '1', '6', ' ') of uapi/linux/videodev2.h.
  expect(fourccCode("YUYV")).toBe(0x56595559);
  expect(fourccText(0x56595559)).toBe("YUYV");
  expect(fourccText(0xa0363159)).toBe("Y16 -BE");
  for (const text of ["MJPG", "Y16", "Y16 -BE", "GREY"]) expect(fourccText(fourccCode(text))).toBe(text);
});
