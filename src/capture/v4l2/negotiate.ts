// Chooses the format, size and rate of a camera that are nearest to the user's request.

import { isSameSize, type Size } from "../../core/pixel-format.ts";
import {
  type CameraFormat,
  frameFormatOf,
  type IntervalRange,
  nearestSize,
  rateOf,
  type SizeRange,
} from "./formats.ts";
import type { FrameFormat } from "../source.ts";
import type { Fraction } from "../../system/v4l2/struct.ts";

/** The user's request. Null means any value. */
export interface Wanted {
  size: Size | null;
  framesPerSecond: number | null;
  format: FrameFormat | null;
}

/** A mode of a camera. */
export interface Mode {
  fourcc: string;
  format: FrameFormat;
  size: Size;
  /** The interval between frames, or null when the driver lists no intervals. */
  interval: Fraction | null;
}

/** The size and rate if the user requests none. They are what users expect from a camera today. */
export const USUAL_SIZE: Size = { width: 1280, height: 720 };
export const USUAL_RATE = 30;

/**
 * The formats in the order of preference, for formats with the same size and rate. JPEG is first, because a camera's JPEG is sent
 * unchanged. The planar formats have half the bytes of RGB, and need no conversion before encoding. Grey is last, because it has
 * no colours.
 */
const CHEAPEST_FIRST: readonly FrameFormat[] = ["mjpeg", "yuv420p", "nv12", "yuyv422", "rgb24", "bgr24", "gray"];

/**
 * The weights of differences. A user's request has more weight than the usual size and rate, and the size has more weight than
 * the rate.
 */
const WEIGHTS = { wantedSize: 1e6, wantedRate: 1e3, usualSize: 1, usualRate: 2 } as const;
/** The cost of a mode whose rate is unknown, so that a mode with a known and right rate is preferred. */
const UNKNOWN_RATE_COST = 0.1;

interface Candidate {
  mode: Mode;
  cost: number;
}

/**
 * Returns the mode nearest to the user's request. Returns null when the camera has no supported format, or does not have the
 * requested format. `excluded` are formats that do not work.
 */
export function chooseMode(
  formats: readonly CameraFormat[],
  wanted: Wanted,
  excluded: ReadonlySet<string> = new Set(),
): Mode | null {
  const candidates: Candidate[] = [];
  for (const { fourcc, isEmulated, sizes } of formats) {
    const format = frameFormatOf(fourcc);
    if (format === null || excluded.has(fourcc) || isEmulated) continue;
    if (wanted.format !== null && format !== wanted.format) continue;
    for (const range of sizes.length > 0 ? sizes : [anySize(wanted)]) {
      const size = nearestSize(range, wanted.size ?? USUAL_SIZE);
      const interval = nearestInterval(range.intervals, wanted.framesPerSecond);
      candidates.push({ mode: { fourcc, format, size, interval }, cost: costOf(size, interval, wanted) });
    }
  }
  candidates.sort((a, b) => a.cost - b.cost || compareEqual(a.mode, b.mode));
  return candidates[0]?.mode ?? null;
}

/**
 * Returns the range of sizes for a driver that does not list sizes. Such a driver is asked for the wanted size, and answers with
 * a size that it supports.
 */
function anySize(wanted: Wanted): SizeRange {
  const size = wanted.size ?? USUAL_SIZE;
  return { smallest: size, largest: size, step: { width: 1, height: 1 }, intervals: [] };
}

function costOf(size: Size, interval: Fraction | null, wanted: Wanted): number {
  const goal = wanted.size ?? USUAL_SIZE;
  // Twice the width and half the width count as equally distant, so the distance of a side is the logarithm of its ratio.
  const sizeOff = Math.abs(Math.log(size.width / goal.width)) + Math.abs(Math.log(size.height / goal.height));
  const sizeCost = sizeOff * (wanted.size === null ? WEIGHTS.usualSize : WEIGHTS.wantedSize);
  const rate = interval === null ? 0 : rateOf(interval);
  if (rate === 0) return sizeCost + UNKNOWN_RATE_COST;
  if (wanted.framesPerSecond !== null) return sizeCost + rateOff(rate, wanted.framesPerSecond) * WEIGHTS.wantedRate;
  return sizeCost + Math.max(0, Math.log(USUAL_RATE / rate)) * WEIGHTS.usualRate; // A higher rate than usual has no cost.
}

/**
 * Returns the distance between two rates. Nearly equal rates have no distance, because the kernel rounds: 333333/10000000 s
 * stands for 30 frames a second.
 */
function rateOff(rate: number, goal: number): number {
  const off = Math.abs(Math.log(rate / goal));
  return off < 0.002 ? 0 : off;
}

function compareEqual(a: Mode, b: Mode): number {
  const faster = rateOf(b.interval ?? NO_INTERVAL) - rateOf(a.interval ?? NO_INTERVAL);
  if (Math.abs(faster) > 0.1) return faster;
  return CHEAPEST_FIRST.indexOf(a.format) - CHEAPEST_FIRST.indexOf(b.format);
}

const NO_INTERVAL: Fraction = { numerator: 0, denominator: 0 };

function nearestInterval(ranges: readonly IntervalRange[], wantedRate: number | null): Fraction | null {
  let best: { interval: Fraction; off: number } | null = null;
  for (const { shortest, longest } of ranges) {
    const interval = wantedRate === null ? shortest : within(shortest, longest, wantedRate);
    const rate = rateOf(interval);
    const off = wantedRate === null ? -rate : rateOff(rate, wantedRate);
    // Of two equally distant rates, the higher one gives newer frames.
    if (best === null || off < best.off || (off === best.off && rate > rateOf(best.interval))) best = { interval, off };
  }
  return best?.interval ?? null;
}

function within(shortest: Fraction, longest: Fraction, rate: number): Fraction {
  if (rate >= rateOf(shortest)) return shortest;
  if (rate <= rateOf(longest)) return longest;
  return { numerator: 1000, denominator: Math.round(rate * 1000) };
}

/** The actual mode of a camera, after the driver has changed unsupported values. */
export interface Actual {
  fourcc: string;
  size: Size;
  /** The frame rate, or 0 if the driver does not report it. */
  framesPerSecond: number;
}

/** Returns a line for the operator if the mode differs from the user's request, or null. */
export function describeDifference(wanted: Wanted, actual: Actual): string | null {
  const { size, framesPerSecond, fourcc } = actual;
  const otherSize = wanted.size !== null && !isSameSize(wanted.size, size);
  const otherRate =
    wanted.framesPerSecond !== null && framesPerSecond > 0 && rateOff(framesPerSecond, wanted.framesPerSecond) > 0;
  if (!otherSize && !otherRate) return null;
  const asked = [
    ...(wanted.size === null ? [] : [`${wanted.size.width}x${wanted.size.height}`]),
    ...(wanted.framesPerSecond === null ? [] : [`${wanted.framesPerSecond} fps`]),
  ];
  return `the camera does not support ${asked.join(" at ")}: using ${describeActual({ size, framesPerSecond, fourcc })}`;
}

/** Describes a chosen mode, for example as `1280x720 at 30 fps as MJPG`. */
export function describeMode({ size, interval, fourcc }: Mode): string {
  return describeActual({ size, framesPerSecond: interval === null ? 0 : rateOf(interval), fourcc });
}

/** Describes an actual mode, for example as `1280x720 at 30 fps as MJPG`. */
export function describeActual({ size, framesPerSecond, fourcc }: Actual): string {
  const rate = framesPerSecond > 0 ? ` at ${Math.round(framesPerSecond * 100) / 100} fps` : "";
  return `${size.width}x${size.height}${rate} as ${fourcc}`;
}
