// Reads the formats, sizes and rates of a camera, and finds our names of the formats.

import type { Size } from "../../core/pixel-format.ts";
import type { FrameFormat } from "../source.ts";
import type { Device } from "../../system/v4l2/device.ts";
import { fourccText } from "../../system/v4l2/fourcc.ts";
import { V4L2 } from "../../system/v4l2/layouts.ts";
import { type Fraction, Struct } from "../../system/v4l2/struct.ts";

/** Our names for V4L2's formats, which have names of four letters (uapi/linux/videodev2.h, "Pixel format"). */
const KNOWN: Readonly<Record<string, FrameFormat>> = {
  MJPG: "mjpeg",
  JPEG: "mjpeg",
  YU12: "yuv420p",
  NV12: "nv12",
  YUYV: "yuyv422",
  RGB3: "rgb24",
  BGR3: "bgr24",
  GREY: "gray",
};

/** Returns our name for a format, or null for a format that is not supported. */
export function frameFormatOf(fourcc: string): FrameFormat | null {
  return KNOWN[fourcc] ?? null;
}

/** An offered interval between frames: one value (`shortest` equals `longest`) or a range. */
export interface IntervalRange {
  shortest: Fraction;
  longest: Fraction;
}

/** An offered size: one size (`smallest` equals `largest`) or a range with steps. */
export interface SizeRange {
  smallest: Size;
  largest: Size;
  step: Size;
  /** The intervals at this size, or for a range at the requested size. It is empty when the driver lists no intervals. */
  intervals: IntervalRange[];
}

export interface CameraFormat {
  /** V4L2's name of four letters, for example `MJPG`. */
  fourcc: string;
  description: string;
  /** True if libv4l makes this format from another one. */
  isEmulated: boolean;
  /** True if the driver converts to a requested Y'CbCr matrix. */
  convertsMatrix: boolean;
  /** True if the driver converts to a requested range. */
  convertsRange: boolean;
  sizes: SizeRange[];
}

/**
 * Reads all formats, sizes and rates of a camera. A driver may have different rates at each size. For a range of sizes, the rates
 * are those at the size nearest to `size`, or at the largest size if `size` is null. Throws SystemCallError.
 */
export function readFormats(device: Pick<Device, "enumerate">, size: Size | null): CameraFormat[] {
  const formats: CameraFormat[] = [];
  const described = device.enumerate("VIDIOC_ENUM_FMT", (index) =>
    new Struct("v4l2_fmtdesc").set({ index, type: V4L2.BUF_TYPE_VIDEO_CAPTURE }),
  );
  for (const struct of described) {
    const pixelFormat = struct.get("pixelformat");
    const flags = struct.get("flags");
    formats.push({
      fourcc: fourccText(pixelFormat),
      description: struct.text("description", 32),
      isEmulated: (flags & V4L2.FMT_FLAG_EMULATED) !== 0,
      convertsMatrix: (flags & V4L2.FMT_FLAG_CSC_YCBCR_ENC) !== 0,
      convertsRange: (flags & V4L2.FMT_FLAG_CSC_QUANTIZATION) !== 0,
      sizes: readSizes(device, pixelFormat, size),
    });
  }
  return formats;
}

function readSizes(device: Pick<Device, "enumerate">, pixelFormat: number, size: Size | null): SizeRange[] {
  const sizes: SizeRange[] = [];
  const offered = device.enumerate("VIDIOC_ENUM_FRAMESIZES", (index) =>
    new Struct("v4l2_frmsizeenum").set({ index, pixel_format: pixelFormat }),
  );
  for (const struct of offered) {
    if (struct.get("type") === V4L2.FRMSIZE_TYPE_DISCRETE) {
      const only = { width: struct.get("discrete.width"), height: struct.get("discrete.height") };
      const intervals = readIntervals(device, pixelFormat, only);
      sizes.push({ smallest: only, largest: only, step: { width: 1, height: 1 }, intervals });
      continue;
    }
    const largest = { width: struct.get("stepwise.max_width"), height: struct.get("stepwise.max_height") };
    const range = {
      smallest: { width: struct.get("stepwise.min_width"), height: struct.get("stepwise.min_height") },
      largest,
      step: {
        width: Math.max(1, struct.get("stepwise.step_width")),
        height: Math.max(1, struct.get("stepwise.step_height")),
      },
    };
    const asked = size === null ? largest : nearestSize(range, size);
    sizes.push({ ...range, intervals: readIntervals(device, pixelFormat, asked) });
    break; // A range is the only entry (VIDIOC_ENUM_FRAMESIZES, "stepwise" and "continuous" have only index 0).
  }
  return sizes;
}

/** Returns the size of a range that is nearest to `goal`. */
export function nearestSize({ smallest, largest, step }: Omit<SizeRange, "intervals">, goal: Size): Size {
  return {
    width: nearestStep(smallest.width, largest.width, step.width, goal.width),
    height: nearestStep(smallest.height, largest.height, step.height, goal.height),
  };
}

function nearestStep(from: number, to: number, step: number, goal: number): number {
  const bounded = Math.min(to, Math.max(from, goal));
  return Math.min(to, from + Math.round((bounded - from) / step) * step);
}

function readIntervals(
  device: Pick<Device, "enumerate">,
  pixelFormat: number,
  { width, height }: Size,
): IntervalRange[] {
  const intervals: IntervalRange[] = [];
  const offered = device.enumerate("VIDIOC_ENUM_FRAMEINTERVALS", (index) =>
    new Struct("v4l2_frmivalenum").set({ index, pixel_format: pixelFormat, width, height }),
  );
  for (const struct of offered) {
    if (struct.get("type") === V4L2.FRMIVAL_TYPE_DISCRETE) {
      const interval = struct.fraction("discrete");
      intervals.push({ shortest: interval, longest: interval });
      continue;
    }
    intervals.push({ shortest: struct.fraction("stepwise.min"), longest: struct.fraction("stepwise.max") });
    break;
  }
  return intervals.filter(({ shortest, longest }) => rateOf(shortest) > 0 && rateOf(longest) > 0);
}

/** Returns the frames a second for an interval, or 0 if the interval is invalid. */
export function rateOf({ numerator, denominator }: Fraction): number {
  return numerator > 0 && denominator > 0 ? denominator / numerator : 0;
}
