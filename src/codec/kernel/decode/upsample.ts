// Upsampling of one line of signed samples to pixels: triangle filter ("fancy") or repetition ("box").
//
// The triangle filter weighs the nearer sample 3/4 and the farther one 1/4, in each subsampled direction. Halves are rounded up
// and down alternately like in libjpeg, so that both give the same bytes. Input: lines of a plane, readable one sample to the left
// and right. Output: a line of signed bytes, one per pixel, in multiples of 16. upsample-colour-420.ts converts 4:2:0 in one
// step, except for unusual combinations.

import { mulHigh, triangleHigh, triangleLow } from "./lanes";

/** Upsamples 2:1 horizontally and 1:1 vertically, from pixel `x0` on (a multiple of 16). */
export function triangleAcross(line: usize, out: usize, x0: usize, x1: usize): void {
  const quarter = i16x8.splat(8192);
  const bias = i16x8(-1, 0, -1, 0, -1, 0, -1, 0);
  for (let x = x0; x < x1; x += 16) {
    const samples = v128.load(line + (x >> 1) - 1);
    const low = mulHigh(i16x8.add(triangleLow(samples), bias), quarter);
    const high = mulHigh(i16x8.add(triangleHigh(samples), bias), quarter);
    v128.store(out + x, i8x16.narrow_i16x8_s(low, high));
  }
}

/** Upsamples 1:1 horizontally and 2:1 vertically. `isLower`: the farther line is the one below. */
export function triangleDown(near: usize, far: usize, out: usize, x0: usize, x1: usize, isLower: bool): void {
  const quarter = i16x8.splat(8192);
  const bias = i16x8.splat(isLower ? 0 : -1);
  for (let x = x0; x < x1; x += 8) {
    const n = v128.load8x8_s(near + x);
    const f = v128.load8x8_s(far + x);
    const sum = i16x8.add(i16x8.add(i16x8.add(n, n), i16x8.add(n, f)), bias);
    const value = mulHigh(sum, quarter);
    v128.store64_lane(out + x, i8x16.narrow_i16x8_s(value, value), 0);
  }
}

/** Upsamples 2:1 in both directions. */
export function triangleBoth(near: usize, far: usize, out: usize, x0: usize, x1: usize): void {
  const sixteenth = i16x8.splat(2048);
  const bias = i16x8(0, -1, 0, -1, 0, -1, 0, -1);
  for (let x = x0; x < x1; x += 16) {
    const n = v128.load(near + (x >> 1) - 1);
    const f = v128.load(far + (x >> 1) - 1);
    const nLow = triangleLow(n);
    const nHigh = triangleHigh(n);
    const low = i16x8.add(i16x8.add(i16x8.add(nLow, nLow), i16x8.add(nLow, triangleLow(f))), bias);
    const high = i16x8.add(i16x8.add(i16x8.add(nHigh, nHigh), i16x8.add(nHigh, triangleHigh(f))), bias);
    v128.store(out + x, i8x16.narrow_i16x8_s(mulHigh(low, sixteenth), mulHigh(high, sixteenth)));
  }
}

/** Repeats every sample `across` times (1 to 4). */
export function repeatAcross(line: usize, out: usize, x0: usize, x1: usize, across: usize): void {
  if (across == 2) {
    for (let x = x0; x < x1; x += 16) {
      const s = v128.load64_zero(line + (x >> 1));
      v128.store(out + x, v128.shuffle<i8>(s, s, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7));
    }
  } else if (across == 4) {
    for (let x = x0; x < x1; x += 16) {
      const s = v128.load32_zero(line + (x >> 2));
      v128.store(out + x, v128.shuffle<i8>(s, s, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3));
    }
  } else if (across == 1) {
    memory.copy(out + x0, line + x0, x1 - x0);
  } else {
    for (let x = x0; x < x1; x++) store<u8>(out + x, load<u8>(line + x / across));
  }
}
