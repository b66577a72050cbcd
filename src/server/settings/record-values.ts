// Reads the texts of the settings of recordings and of the past: lengths of time and limits of what is kept.

import { UsageError } from "../../core/errors.ts";
import { RANGES } from "./resolve.ts";

const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;
const BYTES = { MB: 1e6, GB: 1e9, TB: 1e12 } as const;

/** Returns the seconds of a segment's length, for example `10m`. Throws UsageError for other text. */
export function parseSegmentSeconds(text: string): number {
  const seconds = secondsOf(text);
  const [from, to] = RANGES.segmentSeconds;
  if (seconds !== null && seconds >= from && seconds <= to) return seconds;
  throw new UsageError(`'${text}' is not the time that a file lasts: write a time from 10s to 24h, for example 10m`);
}

/**
 * Returns the limits of recordings that are kept: an age, a size, or both, for example `7d,50GB`. Throws UsageError for other
 * text.
 */
export function parseKeep(text: string): Limits {
  const limits = limitsOf(text);
  if (limits === null)
    throw new UsageError(`'${text}' does not say what is kept: write an age, a size, or both, for example 7d,50GB`);
  return limits;
}

/**
 * Returns the limits of the past: a time, or a time and a size in memory, for example `30s,64MB`. Throws UsageError for other text.
 */
export function parsePast(text: string): { seconds: number; bytes: number | undefined } {
  const { seconds = null, bytes = null } = limitsOf(text) ?? {};
  const [from, to] = RANGES.pastSeconds;
  const [fromBytes, toBytes] = RANGES.pastBytes;
  const isSizeRight = bytes === null || (bytes >= fromBytes && bytes <= toBytes);
  if (seconds === null || seconds < from || seconds > to || !isSizeRight) {
    throw new UsageError(
      `'${text}' is not a time to keep in memory: write 1s to 1h, and a size of 1MB to 4GB if 64MB is not right, for example 30s,100MB`,
    );
  }
  return { seconds, bytes: bytes ?? undefined };
}

interface Limits {
  seconds: number | null;
  bytes: number | null;
}

/** Returns a time, a size, or both. Returns null for other text. */
function limitsOf(text: string): Limits | null {
  const parts = text.split(",").map((part) => part.trim());
  const ages = parts.map(secondsOf).filter((value) => value !== null);
  const sizes = parts.map(bytesOf).filter((value) => value !== null);
  if (parts.length > 2 || ages.length > 1 || sizes.length > 1 || ages.length + sizes.length < parts.length) return null;
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
