// Inverse DCT (T.81 A.3.3) of eight blocks at once, one 16-bit lane for each block, so that the passes need no transposition.
//
// The transform is that of Arai, Agui and Nakajima (1988); Pennebaker and Mitchell, JPEG (1993), 4.3.5 has it as a flow graph.
// Each of its two rotations stays two multiplications, so that every factor fits a 15-bit fraction and rounding loses less.
// Input: 64 vectors of coefficients, row (v) by row, scaled by dequantise.ts to FRACTION_BITS. Output: clamped 8-bit samples in a
// plane. All sums saturate, so that extreme coefficients give clamped samples and never wrapped ones. The shortened forms omit
// terms only if they are zero, so that a block's result does not depend on its neighbours in the group, nor on how the picture
// was split.

import { descaled, mulHigh, swizzleFixed } from "./lanes";
import {
  COMPONENT_DESCALE,
  COMPONENT_FRACTION,
  COMPONENT_LEVEL,
  COMPONENT_SIGNED,
  COMPONENT_STRIDE,
  GROUP_MASK,
} from "./layout";

/** √2 - 1, 2·cos(3π/8), 2·cos(π/8) - 1 as 15-bit fractions. */
const SQRT2_LESS_1: i16 = 13573;
const ROTATE_SINE: i16 = 25080;
const ROTATE_COSINE_LESS_1: i16 = 27779;

/** Transforms the first `lanes` blocks of a component's group into its plane at `target`, and sets the group to zero. */
export function inverseDctGroup(group: usize, middle: usize, component: usize, target: usize, lanes: i32): void {
  const mask = load<u32>(group + GROUP_MASK);
  const stride = load<usize>(component + COMPONENT_STRIDE);
  const isSigned = load<u32>(component + COMPONENT_SIGNED) != 0;
  store<u32>(group + GROUP_MASK, 0);
  // The level shift is added to the DC coefficient, which affects all samples equally.
  v128.store(group, i16x8.add_sat_s(v128.load(group), v128.load(component, COMPONENT_LEVEL)));
  if (mask == 0) {
    const flat = v128.load(group);
    v128.store(group, i64x2.splat(0));
    flatGroup(flat, component, target, stride, lanes, isSigned);
    return;
  }
  const isWide = (mask & 0xf000) != 0;
  transformColumns(group, middle, isWide ? 128 : 64, (mask & 0xf0) != 0);
  transformLines(middle, component, target, stride, lanes, isSigned, isWide);
}

/**
 * Transforms columns of coefficients (128 bytes apart) to columns of sums. `isTall` is false if the last four of each are zero.
 */
function transformColumns(group: usize, middle: usize, bytes: usize, isTall: bool): void {
  const root = i16x8.splat(SQRT2_LESS_1);
  const sine = i16x8.splat(ROTATE_SINE);
  const cosine = i16x8.splat(ROTATE_COSINE_LESS_1);
  const zero = i64x2.splat(0);
  for (let u: usize = 0; u < bytes; u += 16) {
    const from = group + u;
    const to = middle + u;
    const c0 = v128.load(from, 0);
    const c2 = v128.load(from, 256);
    v128.store(from, zero, 0);
    v128.store(from, zero, 256);
    let sum04 = c0;
    let less04 = c0;
    let sum26 = c2;
    let turn26: v128;
    if (isTall) {
      const c4 = v128.load(from, 512);
      const c6 = v128.load(from, 768);
      v128.store(from, zero, 512);
      v128.store(from, zero, 768);
      sum04 = i16x8.add_sat_s(c0, c4);
      less04 = i16x8.sub_sat_s(c0, c4);
      sum26 = i16x8.add_sat_s(c2, c6);
      turn26 = i16x8.sub_sat_s(mulHigh(i16x8.sub_sat_s(c2, c6), root), i16x8.add_sat_s(c6, c6));
    } else turn26 = mulHigh(c2, root);
    const e0 = i16x8.add_sat_s(sum04, sum26);
    const e3 = i16x8.sub_sat_s(sum04, sum26);
    const e1 = i16x8.add_sat_s(less04, turn26);
    const e2 = i16x8.sub_sat_s(less04, turn26);
    const c1 = v128.load(from, 128);
    const c3 = v128.load(from, 384);
    v128.store(from, zero, 128);
    v128.store(from, zero, 384);
    let z13 = c3;
    let z10 = i16x8.sub_sat_s(zero, c3);
    let z11 = c1;
    let z12 = c1;
    if (isTall) {
      const c5 = v128.load(from, 640);
      const c7 = v128.load(from, 896);
      v128.store(from, zero, 640);
      v128.store(from, zero, 896);
      z13 = i16x8.add_sat_s(c5, c3);
      z10 = i16x8.sub_sat_s(c5, c3);
      z11 = i16x8.add_sat_s(c1, c7);
      z12 = i16x8.sub_sat_s(c1, c7);
    }
    const o0 = i16x8.add_sat_s(z11, z13);
    const d = i16x8.sub_sat_s(z11, z13);
    const p11 = i16x8.add_sat_s(d, mulHigh(d, root));
    const p12 = i16x8.sub_sat_s(i16x8.add_sat_s(z12, mulHigh(z12, cosine)), mulHigh(z10, sine));
    const p10 = i16x8.add_sat_s(i16x8.add_sat_s(z10, mulHigh(z10, cosine)), mulHigh(z12, sine));
    const o1 = i16x8.sub_sat_s(p12, o0);
    const o2 = i16x8.sub_sat_s(p11, o1);
    const o3 = i16x8.sub_sat_s(o2, p10);
    v128.store(to, i16x8.add_sat_s(e0, o0), 0);
    v128.store(to, i16x8.add_sat_s(e1, o1), 128);
    v128.store(to, i16x8.add_sat_s(e2, o2), 256);
    v128.store(to, i16x8.sub_sat_s(e3, o3), 384);
    v128.store(to, i16x8.add_sat_s(e3, o3), 512);
    v128.store(to, i16x8.sub_sat_s(e2, o2), 640);
    v128.store(to, i16x8.sub_sat_s(e1, o1), 768);
    v128.store(to, i16x8.sub_sat_s(e0, o0), 896);
  }
}

/**
 * Transforms eight lines: eight consecutive vectors become 64 consecutive samples. `isWide` is false if the last four vectors are
 * zero.
 */
function transformLines(
  middle: usize,
  component: usize,
  target: usize,
  stride: usize,
  lanes: i32,
  isSigned: bool,
  isWide: bool,
): void {
  const root = i16x8.splat(SQRT2_LESS_1);
  const sine = i16x8.splat(ROTATE_SINE);
  const cosine = i16x8.splat(ROTATE_COSINE_LESS_1);
  const zero = i64x2.splat(0);
  for (let y: usize = 0; y < 1024; y += 128) {
    const from = middle + y;
    const c0 = v128.load(from, 0);
    const c2 = v128.load(from, 32);
    let sum04 = c0;
    let less04 = c0;
    let sum26 = c2;
    let turn26: v128;
    if (isWide) {
      const c4 = v128.load(from, 64);
      const c6 = v128.load(from, 96);
      sum04 = i16x8.add_sat_s(c0, c4);
      less04 = i16x8.sub_sat_s(c0, c4);
      sum26 = i16x8.add_sat_s(c2, c6);
      turn26 = i16x8.sub_sat_s(mulHigh(i16x8.sub_sat_s(c2, c6), root), i16x8.add_sat_s(c6, c6));
    } else turn26 = mulHigh(c2, root);
    const e0 = i16x8.add_sat_s(sum04, sum26);
    const e3 = i16x8.sub_sat_s(sum04, sum26);
    const e1 = i16x8.add_sat_s(less04, turn26);
    const e2 = i16x8.sub_sat_s(less04, turn26);
    const c1 = v128.load(from, 16);
    const c3 = v128.load(from, 48);
    let z13 = c3;
    let z10 = i16x8.sub_sat_s(zero, c3);
    let z11 = c1;
    let z12 = c1;
    if (isWide) {
      const c5 = v128.load(from, 80);
      const c7 = v128.load(from, 112);
      z13 = i16x8.add_sat_s(c5, c3);
      z10 = i16x8.sub_sat_s(c5, c3);
      z11 = i16x8.add_sat_s(c1, c7);
      z12 = i16x8.sub_sat_s(c1, c7);
    }
    const o0 = i16x8.add_sat_s(z11, z13);
    const d = i16x8.sub_sat_s(z11, z13);
    const p11 = i16x8.add_sat_s(d, mulHigh(d, root));
    const p12 = i16x8.sub_sat_s(i16x8.add_sat_s(z12, mulHigh(z12, cosine)), mulHigh(z10, sine));
    const p10 = i16x8.add_sat_s(i16x8.add_sat_s(z10, mulHigh(z10, cosine)), mulHigh(z12, sine));
    const o1 = i16x8.sub_sat_s(p12, o0);
    const o2 = i16x8.sub_sat_s(p11, o1);
    const o3 = i16x8.sub_sat_s(o2, p10);
    storeSamples(
      i16x8.add_sat_s(e0, o0),
      i16x8.add_sat_s(e1, o1),
      i16x8.add_sat_s(e2, o2),
      i16x8.sub_sat_s(e3, o3),
      i16x8.add_sat_s(e3, o3),
      i16x8.sub_sat_s(e2, o2),
      i16x8.sub_sat_s(e1, o1),
      i16x8.sub_sat_s(e0, o0),
      component,
      target,
      lanes,
      isSigned,
    );
    target += stride;
  }
}

/** Rounds, clamps and interleaves eight sample columns of eight blocks into a line of 64 samples. */
function storeSamples(
  x0: v128,
  x1: v128,
  x2: v128,
  x3: v128,
  x4: v128,
  x5: v128,
  x6: v128,
  x7: v128,
  component: usize,
  target: usize,
  lanes: i32,
  isSigned: bool,
): void {
  const fraction = v128.load(component, COMPONENT_DESCALE);
  const bits = load<i32>(component, COMPONENT_FRACTION);
  let a: v128, b: v128, c: v128, d: v128;
  x0 = descaled(x0, fraction, bits);
  x1 = descaled(x1, fraction, bits);
  x2 = descaled(x2, fraction, bits);
  x3 = descaled(x3, fraction, bits);
  x4 = descaled(x4, fraction, bits);
  x5 = descaled(x5, fraction, bits);
  x6 = descaled(x6, fraction, bits);
  x7 = descaled(x7, fraction, bits);
  if (isSigned) {
    a = i8x16.narrow_i16x8_s(x0, x1);
    b = i8x16.narrow_i16x8_s(x2, x3);
    c = i8x16.narrow_i16x8_s(x4, x5);
    d = i8x16.narrow_i16x8_s(x6, x7);
  } else {
    a = i8x16.narrow_i16x8_u(x0, x1);
    b = i8x16.narrow_i16x8_u(x2, x3);
    c = i8x16.narrow_i16x8_u(x4, x5);
    d = i8x16.narrow_i16x8_u(x6, x7);
  }
  // `a` has columns 0 and 1 of blocks 0-7, and so on. First four columns of four blocks each, then eight columns of two blocks
  // each.
  const evenPairs = i8x16(0, 8, -128, -128, 1, 9, -128, -128, 2, 10, -128, -128, 3, 11, -128, -128);
  const oddPairs = i8x16(-128, -128, 0, 8, -128, -128, 1, 9, -128, -128, 2, 10, -128, -128, 3, 11);
  const evenPairsHigh = i8x16(4, 12, -128, -128, 5, 13, -128, -128, 6, 14, -128, -128, 7, 15, -128, -128);
  const oddPairsHigh = i8x16(-128, -128, 4, 12, -128, -128, 5, 13, -128, -128, 6, 14, -128, -128, 7, 15);
  const left = v128.or(swizzleFixed(a, evenPairs), swizzleFixed(b, oddPairs));
  const right = v128.or(swizzleFixed(c, evenPairs), swizzleFixed(d, oddPairs));
  const leftHigh = v128.or(swizzleFixed(a, evenPairsHigh), swizzleFixed(b, oddPairsHigh));
  const rightHigh = v128.or(swizzleFixed(c, evenPairsHigh), swizzleFixed(d, oddPairsHigh));
  const evenFours = i8x16(0, 1, 2, 3, -128, -128, -128, -128, 4, 5, 6, 7, -128, -128, -128, -128);
  const oddFours = i8x16(-128, -128, -128, -128, 0, 1, 2, 3, -128, -128, -128, -128, 4, 5, 6, 7);
  const evenFoursHigh = i8x16(8, 9, 10, 11, -128, -128, -128, -128, 12, 13, 14, 15, -128, -128, -128, -128);
  const oddFoursHigh = i8x16(-128, -128, -128, -128, 8, 9, 10, 11, -128, -128, -128, -128, 12, 13, 14, 15);
  storeLine(
    v128.or(swizzleFixed(left, evenFours), swizzleFixed(right, oddFours)),
    v128.or(swizzleFixed(left, evenFoursHigh), swizzleFixed(right, oddFoursHigh)),
    v128.or(swizzleFixed(leftHigh, evenFours), swizzleFixed(rightHigh, oddFours)),
    v128.or(swizzleFixed(leftHigh, evenFoursHigh), swizzleFixed(rightHigh, oddFoursHigh)),
    target,
    lanes,
  );
}

/** Writes 64 samples, or only those of the first `lanes` blocks: the memory to the right may belong to another worker. */
function storeLine(first: v128, second: v128, third: v128, fourth: v128, target: usize, lanes: i32): void {
  if (lanes == 8) {
    v128.store(target, first);
    v128.store(target, second, 16);
    v128.store(target, third, 32);
    v128.store(target, fourth, 48);
    return;
  }
  if (lanes >= 2) v128.store(target, first);
  if (lanes >= 4) v128.store(target, second, 16);
  if (lanes >= 6) v128.store(target, third, 32);
  if (lanes & 1) {
    const last = lanes == 1 ? first : lanes == 3 ? second : lanes == 5 ? third : fourth;
    v128.store64_lane(target + ((lanes - 1) << 3), last, 0);
  }
}

/** Transforms a group with DC only: every block becomes one level. */
function flatGroup(flat: v128, component: usize, target: usize, stride: usize, lanes: i32, isSigned: bool): void {
  const level = descaled(flat, v128.load(component, COMPONENT_DESCALE), load<i32>(component, COMPONENT_FRACTION));
  const bytes = isSigned ? i8x16.narrow_i16x8_s(level, level) : i8x16.narrow_i16x8_u(level, level);
  const first = swizzleFixed(bytes, i8x16(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1));
  const second = swizzleFixed(bytes, i8x16(2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3));
  const third = swizzleFixed(bytes, i8x16(4, 4, 4, 4, 4, 4, 4, 4, 5, 5, 5, 5, 5, 5, 5, 5));
  const fourth = swizzleFixed(bytes, i8x16(6, 6, 6, 6, 6, 6, 6, 6, 7, 7, 7, 7, 7, 7, 7, 7));
  for (let y = 0; y < 8; y++) {
    storeLine(first, second, third, fourth, target, lanes);
    target += stride;
  }
}
