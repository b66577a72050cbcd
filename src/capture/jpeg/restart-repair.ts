// Repairs the restart markers of a JPEG whose intervals are complete, but whose markers are misnumbered, not announced, or
// announced and missing (T.81 B.2.4.4, E.1.4). Some cameras write such markers. Decoders resynchronise at a wrong number, and then
// most of the picture is wrong.

import { twoBytes } from "./markers.ts";

/** What the walk has noticed about the restart markers of the only scan of a picture. */
export interface SeenRestarts {
  /** The place of the frame header (SOF). */
  headerAt: number;
  /** The place of the segment DRI, or -1. */
  intervalAt: number;
  /** The place of the scan header (SOS). */
  scanAt: number;
  /** The number of restart markers in the scan. */
  count: number;
  /** Whether they are numbered 0, 1 … 7, 0 …, as they should be. */
  isOrdered: boolean;
}

/**
 * Repairs the picture from `start` to `end`, and returns it. Misnumbered markers are numbered in place. An interval that no marker
 * follows becomes 0 in place. If DRI is missing, the result is a copy with it. A picture whose number of markers does not fit its
 * size is returned unchanged.
 */
export function repairRestarts(bytes: Uint8Array, start: number, end: number, seen: SeenRestarts): Uint8Array {
  const { headerAt, intervalAt, scanAt, count, isOrdered } = seen;
  const picture = bytes.subarray(start, end);
  const interval = intervalAt < 0 ? 0 : twoBytes(bytes, intervalAt + 4);
  if (count === 0 ? interval === 0 : interval !== 0 && isOrdered) return picture;
  const { units, unitsInLine } = countUnits(bytes, headerAt);
  if (count === 0) {
    if (interval < units) bytes.fill(0, intervalAt + 4, intervalAt + 6);
    return picture;
  }
  const right = interval === 0 ? intervalFor(count + 1, units, unitsInLine) : interval;
  if (right === null || Math.ceil(units / right) !== count + 1) return picture;
  if (!isOrdered) number(bytes, scanAt, end);
  return interval === 0 ? withInterval(bytes, { start, end, scanAt, intervalAt }, right) : picture;
}

/** Returns the number of MCUs in the picture and in one line of it (T.81 A.2). */
function countUnits(bytes: Uint8Array, headerAt: number): { units: number; unitsInLine: number } {
  const [height, width] = [twoBytes(bytes, headerAt + 5), twoBytes(bytes, headerAt + 7)];
  const components = bytes[headerAt + 9] as number;
  let [across, down] = [1, 1];
  // A scan of one component is not interleaved, so its units are single blocks.
  for (let n = 0; n < components && components > 1; n++) {
    const sampling = bytes[headerAt + 11 + 3 * n] as number;
    across = Math.max(across, sampling >> 4);
    down = Math.max(down, sampling & 15);
  }
  const unitsInLine = Math.ceil(width / (8 * across));
  return { units: unitsInLine * Math.ceil(height / (8 * down)), unitsInLine };
}

/**
 * Returns the interval that divides a picture into `intervals` parts, or null if it is not clear. Intervals are whole lines of MCUs
 * or divide the picture evenly.
 */
function intervalFor(intervals: number, units: number, unitsInLine: number): number | null {
  const lines = Math.ceil(units / unitsInLine / intervals);
  if (Math.ceil(units / (lines * unitsInLine)) === intervals) return lines * unitsInLine;
  return units % intervals === 0 ? units / intervals : null;
}

function number(bytes: Uint8Array, from: number, end: number): void {
  let count = 0;
  for (let at = bytes.indexOf(0xff, from); at >= 0 && at + 1 < end; at = bytes.indexOf(0xff, at + 1)) {
    const marker = bytes[at + 1] as number;
    if (marker >= 0xd0 && marker <= 0xd7) bytes[at + 1] = 0xd0 + (count++ & 7);
  }
}

interface Places {
  start: number;
  end: number;
  scanAt: number;
  intervalAt: number;
}

function withInterval(bytes: Uint8Array, { start, end, scanAt, intervalAt }: Places, interval: number): Uint8Array {
  if (interval > 0xffff) return bytes.subarray(start, end);
  const numbers = [interval >> 8, interval & 255];
  if (intervalAt >= 0) {
    bytes.set(numbers, intervalAt + 4);
    return bytes.subarray(start, end);
  }
  const announced = new Uint8Array(end - start + 6);
  announced.set(bytes.subarray(start, scanAt));
  announced.set([0xff, 0xdd, 0, 4, ...numbers], scanAt - start);
  announced.set(bytes.subarray(scanAt, end), scanAt - start + 6);
  return announced;
}
