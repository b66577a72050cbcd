// Chooses one of a camera's formats, sizes and rates, given what the user asks for.

import type { Size } from "../../core/pixel-format.ts";
import {
  type CameraFormat,
  frameFormatOf,
  type IntervalRange,
  nearestSize,
  rateOf,
  type SizeRange,
} from "./formats.ts";
import type { FrameFormat } from "../source.ts";
import type { Fraction } from "./struct.ts";

/** What the user asks for; null = any. */
export interface Wanted {
  size: Size | null;
  framesPerSecond: number | null;
  format: FrameFormat | null;
}

/** One way to run a camera. */
export interface Mode {
  fourcc: string;
  format: FrameFormat;
  size: Size;
  /** The time between frames; null when the driver lists none. */
  interval: Fraction | null;
}

/** Size and rate when the user asks for none: what a viewer expects of a camera today. */
export const USUAL_SIZE: Size = { width: 1280, height: 720 };
export const USUAL_RATE = 30;

/**
 * Of the formats with the same size and rate, the first in this list is taken. A camera's JPEG is sent unchanged. The planar formats
 * have half the bytes of RGB, and the encoder works on them. Grey would lose the colours.
 */
const CHEAPEST_FIRST: readonly FrameFormat[] = ["mjpeg", "yuv420p", "nv12", "yuyv422", "rgb24", "bgr24", "gray"];

/** A wish of the user outweighs the usual size and rate, and the size outweighs the rate. */
const WEIGHTS = { wantedSize: 1e6, wantedRate: 1e3, usualSize: 1, usualRate: 2 } as const;
/** The cost of a mode whose rate is not known: a known and right rate is preferred. */
const UNKNOWN_RATE_COST = 0.1;

interface Candidate {
  mode: Mode;
  cost: number;
}

/**
 * Returns the mode that is nearest to what the user asks for; null when the camera has no format that is known here, or not the one
 * that the user asks for. `excluded` are formats that have turned out not to work.
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

/** Some drivers do not enumerate sizes. They are asked for the wanted size, and answer with one that they have. */
function anySize(wanted: Wanted): SizeRange {
  const size = wanted.size ?? USUAL_SIZE;
  return { smallest: size, largest: size, step: { width: 1, height: 1 }, intervals: [] };
}

function costOf(size: Size, interval: Fraction | null, wanted: Wanted): number {
  const goal = wanted.size ?? USUAL_SIZE;
  // Twice as wide and half as wide count as equally far off, so the distance of a side is the logarithm of its ratio.
  const sizeOff = Math.abs(Math.log(size.width / goal.width)) + Math.abs(Math.log(size.height / goal.height));
  const sizeCost = sizeOff * (wanted.size === null ? WEIGHTS.usualSize : WEIGHTS.wantedSize);
  const rate = interval === null ? 0 : rateOf(interval);
  if (rate === 0) return sizeCost + UNKNOWN_RATE_COST;
  if (wanted.framesPerSecond !== null) return sizeCost + rateOff(rate, wanted.framesPerSecond) * WEIGHTS.wantedRate;
  return sizeCost + Math.max(0, Math.log(USUAL_RATE / rate)) * WEIGHTS.usualRate; // a higher rate than usual costs nothing
}

/** The distance between two rates. Rates are rounded in the kernel: 333333/10000000 s is 30 frames per second. */
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
    // Of two rates that are equally far off, the higher one gives younger frames.
    if (best === null || off < best.off || (off === best.off && rate > rateOf(best.interval))) best = { interval, off };
  }
  return best?.interval ?? null;
}

function within(shortest: Fraction, longest: Fraction, rate: number): Fraction {
  if (rate >= rateOf(shortest)) return shortest;
  if (rate <= rateOf(longest)) return longest;
  return { numerator: 1000, denominator: Math.round(rate * 1000) };
}

/** How a camera really runs, after the driver has changed what it cannot do. */
export interface Actual {
  fourcc: string;
  size: Size;
  /** 0 when the driver does not say. */
  framesPerSecond: number;
}

/** One line for the operator when the camera does not do what the user asks for; otherwise null. */
export function describeDifference(wanted: Wanted, actual: Actual): string | null {
  const { size, framesPerSecond, fourcc } = actual;
  const otherSize = wanted.size !== null && !(wanted.size.width === size.width && wanted.size.height === size.height);
  const otherRate =
    wanted.framesPerSecond !== null && framesPerSecond > 0 && rateOff(framesPerSecond, wanted.framesPerSecond) > 0;
  if (!otherSize && !otherRate) return null;
  const asked = [
    ...(wanted.size === null ? [] : [`${wanted.size.width}x${wanted.size.height}`]),
    ...(wanted.framesPerSecond === null ? [] : [`${wanted.framesPerSecond} fps`]),
  ];
  return `the camera has no ${asked.join(" at ")}; the nearest is ${describeActual({ size, framesPerSecond, fourcc })}`;
}

/** `1280x720 at 30 fps as MJPG`, for a mode that has been chosen. */
export function describeMode({ size, interval, fourcc }: Mode): string {
  return describeActual({ size, framesPerSecond: interval === null ? 0 : rateOf(interval), fourcc });
}

/** `1280x720 at 30 fps as MJPG`. */
export function describeActual({ size, framesPerSecond, fourcc }: Actual): string {
  const rate = framesPerSecond > 0 ? ` at ${Math.round(framesPerSecond * 100) / 100} fps` : "";
  return `${size.width}x${size.height}${rate} as ${fourcc}`;
}
