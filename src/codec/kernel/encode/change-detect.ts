// Change detection: finds whether a tile differs from its last encoded pixels by more than the sensor's noise.
//
// It compares the bytes of the planes without conversion. In each plane the tile is divided into units of 8 × 8 bytes, about the
// size of a block of coefficients. With d the difference of two bytes, n the number of bytes in the unit, and N the allowed
// noise, a unit differs if
//
//   |Σ d| > N · n       the mean differs: a slow change of light adds up until it is detected, however small its steps are
//   Σ d² > 8 · N² · n   a few bytes differ by much: with noise of deviation s, d has a variance of 2 s²
//
// A vector contains two units side by side. If the width is not a multiple of 16 bytes, the last vector moves back to end with
// the tile, so that its units are complete and no byte outside the tile is read. These units overlap their neighbours.

import { STATE_PIXEL_FORMAT } from "./layout";
import { checkTiles, planeCount, tileLeftBytes, tileRows, tileTop, tileWidthBytes } from "./tile-rectangle";

/** Returns the largest sum that is not a change. Sums are whole numbers. */
function bound(perSample: f64, samples: i32): i32 {
  return <i32>min(Math.floor(perSample * <f64>samples), 2147483647.0);
}

/** Returns whether two rectangles differ in any byte. */
function bytesDiffer(a: usize, b: usize, rowBytes: usize, width: usize, rows: i32): bool {
  for (let row = 0; row < rows; row++) {
    if (width < 16) {
      for (let x: usize = 0; x < width; x++) {
        if (load<u8>(a + x) != load<u8>(b + x)) return true;
      }
    } else {
      const last = width - 16;
      let changes = v128.xor(v128.load(a + last), v128.load(b + last));
      for (let x: usize = 0; x < last; x += 16) {
        changes = v128.or(changes, v128.xor(v128.load(a + x), v128.load(b + x)));
      }
      if (v128.any_true(changes)) return true;
    }
    a += rowBytes;
    b += rowBytes;
  }
  return false;
}

/** Compares one unit of any size up to 8 × 8, byte by byte. */
function unitDiffers(a: usize, b: usize, rowBytes: usize, width: usize, rows: i32, noise: f64): bool {
  let sum = 0;
  let squares = 0;
  for (let row = 0; row < rows; row++) {
    for (let x: usize = 0; x < width; x++) {
      const difference = <i32>load<u8>(a + x) - <i32>load<u8>(b + x);
      sum += difference;
      squares += difference * difference;
    }
    a += rowBytes;
    b += rowBytes;
  }
  const samples = <i32>width * rows;
  return abs(sum) > bound(noise, samples) || squares > bound(8.0 * noise * noise, samples);
}

/** Whether two rectangles differ in a unit, for rectangles less than 16 bytes wide. */
function narrowUnitsDiffer(a: usize, b: usize, rowBytes: usize, width: usize, rows: i32, noise: f64): bool {
  const unitWidth = min<usize>(width, 8);
  const last = width - unitWidth;
  for (let row = 0; row < rows; row += 8) {
    const unitRows = min(rows - row, 8);
    // The step has two units. A single unit is compared twice.
    for (let x: usize = 0; x <= last; x += max<usize>(last, 1)) {
      if (unitDiffers(a + x, b + x, rowBytes, unitWidth, unitRows, noise)) return true;
    }
    a += rowBytes << 3;
    b += rowBytes << 3;
  }
  return false;
}

/** Whether two rectangles differ in a unit, for rectangles at least 16 bytes wide. */
function unitsDiffer(a: usize, b: usize, rowBytes: usize, width: usize, rows: i32, noise: f64): bool {
  const last = width - 16;
  const ones = i16x8.splat(1);
  for (let row = 0; row < rows; row += 8) {
    const unitRows = min(rows - row, 8);
    const mean = bound(noise, unitRows << 3);
    const square = bound(8.0 * noise * noise, unitRows << 3);
    const bounds = i32x4.replace_lane(i32x4.replace_lane(i32x4.splat(square), 0, mean), 1, mean);
    const unitBytes = <usize>unitRows * rowBytes;
    let x: usize = 0;
    while (true) {
      let sumLeft = i16x8.splat(0); // at most 8 · 255 in each lane
      let sumRight = i16x8.splat(0);
      let squaresLeft = i32x4.splat(0);
      let squaresRight = i32x4.splat(0);
      for (let at = x; at < x + unitBytes; at += rowBytes) {
        const here = v128.load(a + at);
        const there = v128.load(b + at);
        const left = i16x8.sub(i16x8.extend_low_i8x16_u(here), i16x8.extend_low_i8x16_u(there));
        const right = i16x8.sub(i16x8.extend_high_i8x16_u(here), i16x8.extend_high_i8x16_u(there));
        sumLeft = i16x8.add(sumLeft, left);
        sumRight = i16x8.add(sumRight, right);
        squaresLeft = i32x4.add(squaresLeft, i32x4.dot_i16x8_s(left, left));
        squaresRight = i32x4.add(squaresRight, i32x4.dot_i16x8_s(right, right));
      }
      // Reduces four vectors of four lanes to one: [sum left, sum right, squares left, squares right].
      const totalLeft = i32x4.dot_i16x8_s(sumLeft, ones);
      const totalRight = i32x4.dot_i16x8_s(sumRight, ones);
      const sums = i32x4.add(
        v128.shuffle<u32>(totalLeft, totalRight, 0, 1, 4, 5),
        v128.shuffle<u32>(totalLeft, totalRight, 2, 3, 6, 7),
      );
      const squares = i32x4.add(
        v128.shuffle<u32>(squaresLeft, squaresRight, 0, 1, 4, 5),
        v128.shuffle<u32>(squaresLeft, squaresRight, 2, 3, 6, 7),
      );
      const totals = i32x4.add(
        v128.shuffle<u32>(sums, squares, 0, 2, 4, 6),
        v128.shuffle<u32>(sums, squares, 1, 3, 5, 7),
      );
      if (v128.any_true(i32x4.gt_s(i32x4.abs(totals), bounds))) return true;
      if (x == last) break;
      x = min(x + 16, last);
    }
    a += rowBytes << 3;
    b += rowBytes << 3;
  }
  return false;
}

/**
 * Returns 1 if a tile of picture A differs from the same tile of picture B by more than `noise` levels (see above), 0 if not, or
 * a negative status. With a noise of 0 any different byte is a change. Both pictures have the format of the state and the same
 * row bytes. Planes that the format does not have are ignored.
 */
export function tileDiffers(
  state: usize,
  planeA0: usize,
  planeA1: usize,
  planeA2: usize,
  planeB0: usize,
  planeB1: usize,
  planeB2: usize,
  rowBytes0: usize,
  rowBytes1: usize,
  rowBytes2: usize,
  tile: i32,
  noise: f64,
): i32 {
  const status = checkTiles(state, rowBytes0, rowBytes1, rowBytes2, tile, 1);
  if (status < 0) return status;
  const planes = planeCount(load<i32>(state, STATE_PIXEL_FORMAT));
  for (let plane = 0; plane < planes; plane++) {
    const rowBytes = plane == 0 ? rowBytes0 : plane == 1 ? rowBytes1 : rowBytes2;
    const offset = <usize>tileTop(state, plane, tile) * rowBytes + <usize>tileLeftBytes(state, plane, tile);
    const a = offset + (plane == 0 ? planeA0 : plane == 1 ? planeA1 : planeA2);
    const b = offset + (plane == 0 ? planeB0 : plane == 1 ? planeB1 : planeB2);
    const width = <usize>tileWidthBytes(state, plane, tile);
    const rows = tileRows(state, plane, tile);
    // Negated, so that NaN also means the strictest comparison.
    if (!(noise > 0.0)) {
      if (bytesDiffer(a, b, rowBytes, width, rows)) return 1;
    } else if (width < 16) {
      if (narrowUnitsDiffer(a, b, rowBytes, width, rows, noise)) return 1;
    } else {
      if (unitsDiffer(a, b, rowBytes, width, rows, noise)) return 1;
    }
  }
  return 0;
}

/** Copies the pixels of a tile to another picture of the same format and row bytes. Returns 0 or a negative status. */
export function copyTile(
  state: usize,
  from0: usize,
  from1: usize,
  from2: usize,
  to0: usize,
  to1: usize,
  to2: usize,
  rowBytes0: usize,
  rowBytes1: usize,
  rowBytes2: usize,
  tile: i32,
): i32 {
  const status = checkTiles(state, rowBytes0, rowBytes1, rowBytes2, tile, 1);
  if (status < 0) return status;
  const planes = planeCount(load<i32>(state, STATE_PIXEL_FORMAT));
  for (let plane = 0; plane < planes; plane++) {
    const rowBytes = plane == 0 ? rowBytes0 : plane == 1 ? rowBytes1 : rowBytes2;
    const offset = <usize>tileTop(state, plane, tile) * rowBytes + <usize>tileLeftBytes(state, plane, tile);
    let from = offset + (plane == 0 ? from0 : plane == 1 ? from1 : from2);
    let to = offset + (plane == 0 ? to0 : plane == 1 ? to1 : to2);
    const width = <usize>tileWidthBytes(state, plane, tile);
    const rows = tileRows(state, plane, tile);
    for (let row = 0; row < rows; row++) {
      memory.copy(to, from, width);
      from += rowBytes;
      to += rowBytes;
    }
  }
  return 0;
}
