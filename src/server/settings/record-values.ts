// Reads the texts of the settings of recordings: lengths of time and limits of what is kept.

import { UsageError } from "../../core/errors.ts";
import { RANGES } from "./resolve.ts";

const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;
const BYTES = { MB: 1e6, GB: 1e9, TB: 1e12 } as const;

/** Returns the seconds of a segment's length, for example `10m`. Throws UsageError for other text. */
export function parseSegmentSeconds(text: string): number {
  const seconds = secondsOf(text);
  const [from, to] = RANGES.segmentSeconds;
  if (seconds !== null && seconds >= from && seconds <= to) return seconds;
  throw new UsageError(`'${text}' is not the length of a file: write 10s to 24h, for example 10m`);
}

/**
 * Returns the limits of recordings that are kept: an age, a size, or both, for example `7d,50GB`. Throws UsageError for other
 * text.
 */
export function parseKeep(text: string): { seconds: number | null; bytes: number | null } {
  const parts = text.split(",").map((part) => part.trim());
  const ages = parts.map(secondsOf).filter((value) => value !== null);
  const sizes = parts.map(bytesOf).filter((value) => value !== null);
  if (parts.length > 2 || ages.length > 1 || sizes.length > 1 || ages.length + sizes.length < parts.length)
    throw new UsageError(`'${text}' does not say what is kept: write an age, a size, or both, for example 7d,50GB`);
  return { seconds: ages[0] ?? null, bytes: sizes[0] ?? null };
}

function secondsOf(text: string): number | null {
  const [, number, unit] = /^(\d+(?:\.\d+)?)([smhd])$/.exec(text) ?? [];
  const seconds = Number(number) * SECONDS[unit as keyof typeof SECONDS];
  return seconds > 0 ? seconds : null;
}

function bytesOf(text: string): number | null {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(MB|GB|TB)$/i.exec(text) ?? [];
  const bytes = Number(number) * BYTES[unit?.toUpperCase() as keyof typeof BYTES];
  return bytes > 0 ? bytes : null;
}
