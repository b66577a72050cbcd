// Finds the rows of a part of a picture that differ from another picture.

import type { Rectangle } from "../../core/rectangle.ts";

/** Rows of pixels from `first` up to but not including `end`. */
interface Rows {
  first: number;
  end: number;
}

/**
 * Returns the rows from the first to the last one that differ in this part. Both pictures are RGBA of the same size, in rows of
 * `width` pixels, and begin at a multiple of 4 bytes. The time depends on the rows that are equal.
 */
export function changedRows(
  before: Uint8Array | Uint8ClampedArray,
  after: Uint8Array,
  width: number,
  part: Rectangle,
): Rows {
  const old = words(before);
  const fresh = words(after);
  let first = part.y;
  let end = part.y + part.height;
  const isEqualIn = (row: number) => isEqual(old, fresh, width * row + part.x, part.width);
  while (first < end && isEqualIn(first)) first++;
  while (first < end && isEqualIn(end - 1)) end--;
  return { first, end };
}

function words({ buffer, byteOffset, byteLength }: Uint8Array | Uint8ClampedArray): Int32Array {
  return new Int32Array(buffer, byteOffset, byteLength / 4);
}

function isEqual(a: Int32Array, b: Int32Array, from: number, count: number): boolean {
  for (let at = from; at < from + count; at++) if (a[at] !== b[at]) return false;
  return true;
}
