// Forward DCT (T.81 A.3.3) of one 8×8 block in each of eight MCUs at once: along rows here, in place; along columns in
// quantise.ts, which also quantises the result.
//
// Input: samples, [row][column][lane], two units per level, within ±256. Output after both halves: the standard's coefficients
// times 16 · a(u) · a(v), where a(0) = 1 and a(k) = √2 · cos(kπ/16). The quantisation multipliers remove that factor.
//
// The factorisation is that of Arai, Agui and Nakajima (Trans. IEICE E-71, 1988), which leaves scale factors at the outputs. To
// avoid its factor 1.3066, the rotation in the odd part is computed in full: four products with factors below one instead of
// three products and one more addition. Range: the largest output is 101.1 times the largest input, 25,882 for inputs of ±256;
// all multiplied intermediate values are smaller.

import { multiplyQ15 } from "./vector";

/** cos(π/4), cos(π/8) and sin(π/8) in units of 2^-15. */
export const COS_4_16: i16 = 23170;
export const COS_2_16: i16 = 30274;
export const SIN_2_16: i16 = 12540;

/** Transforms the rows of one block of eight MCUs: horizontal frequencies replace the samples. */
export function transformRows(block: usize): void {
  const STEP: usize = 16;
  const cos4 = i16x8.splat(COS_4_16);
  const cos2 = i16x8.splat(COS_2_16);
  const sin2 = i16x8.splat(SIN_2_16);
  for (let line = 0; line < 8; line++) {
    const x0 = v128.load(block);
    const x7 = v128.load(block, 7 * STEP);
    const sum07 = i16x8.add(x0, x7);
    const difference07 = i16x8.sub(x0, x7);
    const x3 = v128.load(block, 3 * STEP);
    const x4 = v128.load(block, 4 * STEP);
    const sum34 = i16x8.add(x3, x4);
    const difference34 = i16x8.sub(x3, x4);
    const x1 = v128.load(block, STEP);
    const x6 = v128.load(block, 6 * STEP);
    const sum16 = i16x8.add(x1, x6);
    const difference16 = i16x8.sub(x1, x6);
    const x2 = v128.load(block, 2 * STEP);
    const x5 = v128.load(block, 5 * STEP);
    const sum25 = i16x8.add(x2, x5);
    const difference25 = i16x8.sub(x2, x5);

    const low = i16x8.add(difference34, difference25);
    const high = i16x8.add(difference16, difference07);
    const middle = multiplyQ15(i16x8.add(difference25, difference16), cos4);
    const lowTurn = i16x8.sub(multiplyQ15(low, cos2), multiplyQ15(high, sin2));
    const highTurn = i16x8.add(multiplyQ15(high, cos2), multiplyQ15(low, sin2));
    const plus = i16x8.add(difference07, middle);
    const minus = i16x8.sub(difference07, middle);
    v128.store(block, i16x8.add(plus, highTurn), STEP);
    v128.store(block, i16x8.sub(plus, highTurn), 7 * STEP);
    v128.store(block, i16x8.add(minus, lowTurn), 5 * STEP);
    v128.store(block, i16x8.sub(minus, lowTurn), 3 * STEP);

    const outer = i16x8.add(sum07, sum34);
    const inner = i16x8.add(sum16, sum25);
    v128.store(block, i16x8.add(outer, inner));
    v128.store(block, i16x8.sub(outer, inner), 4 * STEP);
    const outerTurn = i16x8.sub(sum07, sum34);
    const innerTurn = multiplyQ15(i16x8.add(i16x8.sub(sum16, sum25), outerTurn), cos4);
    v128.store(block, i16x8.add(outerTurn, innerTurn), 2 * STEP);
    v128.store(block, i16x8.sub(outerTurn, innerTurn), 6 * STEP);
    block += 8 * STEP;
  }
}
