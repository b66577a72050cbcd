// The second half of the DCT, along columns (forward-dct.ts explains the arithmetic), with quantisation (T.81 A.3.4), zigzag
// order (figure A.6) and the masks of non-zero coefficients.
//
// Input: a block of eight MCUs after transformRows(), [row][u][lane]. Output: quantised coefficients [zigzag position][lane], a
// vector of zeros for each of the positions 64 and 65, and a 64-bit mask for each lane. Bit k - 1 of a mask is set if the
// coefficient at zigzag position k is not zero. Position 64 counts as non-zero (entropy-encode.ts ends a block there).
//
// Each coefficient takes one rounding product: multiplier = 2^15 / (quantiser · scale of the DCT · a(u) · a(v)). The stores are
// in zigzag order. Only the masks move data across lanes; eight of them are collected in bytes first.
//
// The loops are unrolled because loads and stores limit this stage: coefficients are quantised in the registers of the transform,
// and only literal offsets become part of a load or store. The masks are computed from the stored coefficients, because
// otherwise the compiler keeps all 64 coefficients in registers or on the stack.

import { COS_2_16, COS_4_16, SIN_2_16 } from "./forward-dct";
import { writeMasks } from "./non-zero-masks";
import { multiplyQ15 } from "./vector";

/**
 * Transforms one block of eight MCUs along columns and quantises it. `multipliers` is the component's table in the state,
 * `dcBias` the term for the DC coefficient. `target` has 66 vectors, `masks` eight u64.
 */
export function transformColumnsAndQuantise(
  block: usize,
  multipliers: usize,
  dcBias: v128,
  target: usize,
  masks: usize,
): void {
  const cos4 = i16x8.splat(COS_4_16);
  const cos2 = i16x8.splat(COS_2_16);
  const sin2 = i16x8.splat(SIN_2_16);
  // u = 0
  {
    const x0 = v128.load(block),
      x7 = v128.load(block, 896);
    const sum07 = i16x8.add(x0, x7),
      difference07 = i16x8.sub(x0, x7);
    const x3 = v128.load(block, 384),
      x4 = v128.load(block, 512);
    const sum34 = i16x8.add(x3, x4),
      difference34 = i16x8.sub(x3, x4);
    const x1 = v128.load(block, 128),
      x6 = v128.load(block, 768);
    const sum16 = i16x8.add(x1, x6),
      difference16 = i16x8.sub(x1, x6);
    const x2 = v128.load(block, 256),
      x5 = v128.load(block, 640);
    const sum25 = i16x8.add(x2, x5),
      difference25 = i16x8.sub(x2, x5);
    const low = i16x8.add(difference34, difference25),
      high = i16x8.add(difference16, difference07);
    const middle = multiplyQ15(i16x8.add(difference25, difference16), cos4);
    const lowTurn = i16x8.sub(multiplyQ15(low, cos2), multiplyQ15(high, sin2));
    const highTurn = i16x8.add(multiplyQ15(high, cos2), multiplyQ15(low, sin2));
    const plus = i16x8.add(difference07, middle),
      minus = i16x8.sub(difference07, middle);
    v128.store(target, multiplyQ15(i16x8.add(plus, highTurn), v128.load(multipliers, 32)), 32);
    v128.store(target, multiplyQ15(i16x8.sub(plus, highTurn), v128.load(multipliers, 560)), 560);
    v128.store(target, multiplyQ15(i16x8.add(minus, lowTurn), v128.load(multipliers, 320)), 320);
    v128.store(target, multiplyQ15(i16x8.sub(minus, lowTurn), v128.load(multipliers, 144)), 144);
    const outer = i16x8.add(sum07, sum34),
      inner = i16x8.add(sum16, sum25);
    v128.store(target, multiplyQ15(i16x8.add(i16x8.add(outer, inner), dcBias), v128.load(multipliers)));
    v128.store(target, multiplyQ15(i16x8.sub(outer, inner), v128.load(multipliers, 160)), 160);
    const outerTurn = i16x8.sub(sum07, sum34);
    const innerTurn = multiplyQ15(i16x8.add(i16x8.sub(sum16, sum25), outerTurn), cos4);
    v128.store(target, multiplyQ15(i16x8.add(outerTurn, innerTurn), v128.load(multipliers, 48)), 48);
    v128.store(target, multiplyQ15(i16x8.sub(outerTurn, innerTurn), v128.load(multipliers, 336)), 336);
  }
  // u = 1
  {
    const x0 = v128.load(block, 16),
      x7 = v128.load(block, 912);
    const sum07 = i16x8.add(x0, x7),
      difference07 = i16x8.sub(x0, x7);
    const x3 = v128.load(block, 400),
      x4 = v128.load(block, 528);
    const sum34 = i16x8.add(x3, x4),
      difference34 = i16x8.sub(x3, x4);
    const x1 = v128.load(block, 144),
      x6 = v128.load(block, 784);
    const sum16 = i16x8.add(x1, x6),
      difference16 = i16x8.sub(x1, x6);
    const x2 = v128.load(block, 272),
      x5 = v128.load(block, 656);
    const sum25 = i16x8.add(x2, x5),
      difference25 = i16x8.sub(x2, x5);
    const low = i16x8.add(difference34, difference25),
      high = i16x8.add(difference16, difference07);
    const middle = multiplyQ15(i16x8.add(difference25, difference16), cos4);
    const lowTurn = i16x8.sub(multiplyQ15(low, cos2), multiplyQ15(high, sin2));
    const highTurn = i16x8.add(multiplyQ15(high, cos2), multiplyQ15(low, sin2));
    const plus = i16x8.add(difference07, middle),
      minus = i16x8.sub(difference07, middle);
    v128.store(target, multiplyQ15(i16x8.add(plus, highTurn), v128.load(multipliers, 64)), 64);
    v128.store(target, multiplyQ15(i16x8.sub(plus, highTurn), v128.load(multipliers, 576)), 576);
    v128.store(target, multiplyQ15(i16x8.add(minus, lowTurn), v128.load(multipliers, 352)), 352);
    v128.store(target, multiplyQ15(i16x8.sub(minus, lowTurn), v128.load(multipliers, 176)), 176);
    const outer = i16x8.add(sum07, sum34),
      inner = i16x8.add(sum16, sum25);
    v128.store(target, multiplyQ15(i16x8.add(outer, inner), v128.load(multipliers, 16)), 16);
    v128.store(target, multiplyQ15(i16x8.sub(outer, inner), v128.load(multipliers, 304)), 304);
    const outerTurn = i16x8.sub(sum07, sum34);
    const innerTurn = multiplyQ15(i16x8.add(i16x8.sub(sum16, sum25), outerTurn), cos4);
    v128.store(target, multiplyQ15(i16x8.add(outerTurn, innerTurn), v128.load(multipliers, 128)), 128);
    v128.store(target, multiplyQ15(i16x8.sub(outerTurn, innerTurn), v128.load(multipliers, 544)), 544);
  }
  // u = 2
  {
    const x0 = v128.load(block, 32),
      x7 = v128.load(block, 928);
    const sum07 = i16x8.add(x0, x7),
      difference07 = i16x8.sub(x0, x7);
    const x3 = v128.load(block, 416),
      x4 = v128.load(block, 544);
    const sum34 = i16x8.add(x3, x4),
      difference34 = i16x8.sub(x3, x4);
    const x1 = v128.load(block, 160),
      x6 = v128.load(block, 800);
    const sum16 = i16x8.add(x1, x6),
      difference16 = i16x8.sub(x1, x6);
    const x2 = v128.load(block, 288),
      x5 = v128.load(block, 672);
    const sum25 = i16x8.add(x2, x5),
      difference25 = i16x8.sub(x2, x5);
    const low = i16x8.add(difference34, difference25),
      high = i16x8.add(difference16, difference07);
    const middle = multiplyQ15(i16x8.add(difference25, difference16), cos4);
    const lowTurn = i16x8.sub(multiplyQ15(low, cos2), multiplyQ15(high, sin2));
    const highTurn = i16x8.add(multiplyQ15(high, cos2), multiplyQ15(low, sin2));
    const plus = i16x8.add(difference07, middle),
      minus = i16x8.sub(difference07, middle);
    v128.store(target, multiplyQ15(i16x8.add(plus, highTurn), v128.load(multipliers, 112)), 112);
    v128.store(target, multiplyQ15(i16x8.sub(plus, highTurn), v128.load(multipliers, 768)), 768);
    v128.store(target, multiplyQ15(i16x8.add(minus, lowTurn), v128.load(multipliers, 528)), 528);
    v128.store(target, multiplyQ15(i16x8.sub(minus, lowTurn), v128.load(multipliers, 288)), 288);
    const outer = i16x8.add(sum07, sum34),
      inner = i16x8.add(sum16, sum25);
    v128.store(target, multiplyQ15(i16x8.add(outer, inner), v128.load(multipliers, 80)), 80);
    v128.store(target, multiplyQ15(i16x8.sub(outer, inner), v128.load(multipliers, 368)), 368);
    const outerTurn = i16x8.sub(sum07, sum34);
    const innerTurn = multiplyQ15(i16x8.add(i16x8.sub(sum16, sum25), outerTurn), cos4);
    v128.store(target, multiplyQ15(i16x8.add(outerTurn, innerTurn), v128.load(multipliers, 192)), 192);
    v128.store(target, multiplyQ15(i16x8.sub(outerTurn, innerTurn), v128.load(multipliers, 592)), 592);
  }
  // u = 3
  {
    const x0 = v128.load(block, 48),
      x7 = v128.load(block, 944);
    const sum07 = i16x8.add(x0, x7),
      difference07 = i16x8.sub(x0, x7);
    const x3 = v128.load(block, 432),
      x4 = v128.load(block, 560);
    const sum34 = i16x8.add(x3, x4),
      difference34 = i16x8.sub(x3, x4);
    const x1 = v128.load(block, 176),
      x6 = v128.load(block, 816);
    const sum16 = i16x8.add(x1, x6),
      difference16 = i16x8.sub(x1, x6);
    const x2 = v128.load(block, 304),
      x5 = v128.load(block, 688);
    const sum25 = i16x8.add(x2, x5),
      difference25 = i16x8.sub(x2, x5);
    const low = i16x8.add(difference34, difference25),
      high = i16x8.add(difference16, difference07);
    const middle = multiplyQ15(i16x8.add(difference25, difference16), cos4);
    const lowTurn = i16x8.sub(multiplyQ15(low, cos2), multiplyQ15(high, sin2));
    const highTurn = i16x8.add(multiplyQ15(high, cos2), multiplyQ15(low, sin2));
    const plus = i16x8.add(difference07, middle),
      minus = i16x8.sub(difference07, middle);
    v128.store(target, multiplyQ15(i16x8.add(plus, highTurn), v128.load(multipliers, 208)), 208);
    v128.store(target, multiplyQ15(i16x8.sub(plus, highTurn), v128.load(multipliers, 784)), 784);
    v128.store(target, multiplyQ15(i16x8.add(minus, lowTurn), v128.load(multipliers, 608)), 608);
    v128.store(target, multiplyQ15(i16x8.sub(minus, lowTurn), v128.load(multipliers, 384)), 384);
    const outer = i16x8.add(sum07, sum34),
      inner = i16x8.add(sum16, sum25);
    v128.store(target, multiplyQ15(i16x8.add(outer, inner), v128.load(multipliers, 96)), 96);
    v128.store(target, multiplyQ15(i16x8.sub(outer, inner), v128.load(multipliers, 512)), 512);
    const outerTurn = i16x8.sub(sum07, sum34);
    const innerTurn = multiplyQ15(i16x8.add(i16x8.sub(sum16, sum25), outerTurn), cos4);
    v128.store(target, multiplyQ15(i16x8.add(outerTurn, innerTurn), v128.load(multipliers, 272)), 272);
    v128.store(target, multiplyQ15(i16x8.sub(outerTurn, innerTurn), v128.load(multipliers, 752)), 752);
  }
  // u = 4
  {
    const x0 = v128.load(block, 64),
      x7 = v128.load(block, 960);
    const sum07 = i16x8.add(x0, x7),
      difference07 = i16x8.sub(x0, x7);
    const x3 = v128.load(block, 448),
      x4 = v128.load(block, 576);
    const sum34 = i16x8.add(x3, x4),
      difference34 = i16x8.sub(x3, x4);
    const x1 = v128.load(block, 192),
      x6 = v128.load(block, 832);
    const sum16 = i16x8.add(x1, x6),
      difference16 = i16x8.sub(x1, x6);
    const x2 = v128.load(block, 320),
      x5 = v128.load(block, 704);
    const sum25 = i16x8.add(x2, x5),
      difference25 = i16x8.sub(x2, x5);
    const low = i16x8.add(difference34, difference25),
      high = i16x8.add(difference16, difference07);
    const middle = multiplyQ15(i16x8.add(difference25, difference16), cos4);
    const lowTurn = i16x8.sub(multiplyQ15(low, cos2), multiplyQ15(high, sin2));
    const highTurn = i16x8.add(multiplyQ15(high, cos2), multiplyQ15(low, sin2));
    const plus = i16x8.add(difference07, middle),
      minus = i16x8.sub(difference07, middle);
    v128.store(target, multiplyQ15(i16x8.add(plus, highTurn), v128.load(multipliers, 256)), 256);
    v128.store(target, multiplyQ15(i16x8.sub(plus, highTurn), v128.load(multipliers, 912)), 912);
    v128.store(target, multiplyQ15(i16x8.add(minus, lowTurn), v128.load(multipliers, 736)), 736);
    v128.store(target, multiplyQ15(i16x8.sub(minus, lowTurn), v128.load(multipliers, 496)), 496);
    const outer = i16x8.add(sum07, sum34),
      inner = i16x8.add(sum16, sum25);
    v128.store(target, multiplyQ15(i16x8.add(outer, inner), v128.load(multipliers, 224)), 224);
    v128.store(target, multiplyQ15(i16x8.sub(outer, inner), v128.load(multipliers, 624)), 624);
    const outerTurn = i16x8.sub(sum07, sum34);
    const innerTurn = multiplyQ15(i16x8.add(i16x8.sub(sum16, sum25), outerTurn), cos4);
    v128.store(target, multiplyQ15(i16x8.add(outerTurn, innerTurn), v128.load(multipliers, 400)), 400);
    v128.store(target, multiplyQ15(i16x8.sub(outerTurn, innerTurn), v128.load(multipliers, 800)), 800);
  }
  // u = 5
  {
    const x0 = v128.load(block, 80),
      x7 = v128.load(block, 976);
    const sum07 = i16x8.add(x0, x7),
      difference07 = i16x8.sub(x0, x7);
    const x3 = v128.load(block, 464),
      x4 = v128.load(block, 592);
    const sum34 = i16x8.add(x3, x4),
      difference34 = i16x8.sub(x3, x4);
    const x1 = v128.load(block, 208),
      x6 = v128.load(block, 848);
    const sum16 = i16x8.add(x1, x6),
      difference16 = i16x8.sub(x1, x6);
    const x2 = v128.load(block, 336),
      x5 = v128.load(block, 720);
    const sum25 = i16x8.add(x2, x5),
      difference25 = i16x8.sub(x2, x5);
    const low = i16x8.add(difference34, difference25),
      high = i16x8.add(difference16, difference07);
    const middle = multiplyQ15(i16x8.add(difference25, difference16), cos4);
    const lowTurn = i16x8.sub(multiplyQ15(low, cos2), multiplyQ15(high, sin2));
    const highTurn = i16x8.add(multiplyQ15(high, cos2), multiplyQ15(low, sin2));
    const plus = i16x8.add(difference07, middle),
      minus = i16x8.sub(difference07, middle);
    v128.store(target, multiplyQ15(i16x8.add(plus, highTurn), v128.load(multipliers, 416)), 416);
    v128.store(target, multiplyQ15(i16x8.sub(plus, highTurn), v128.load(multipliers, 928)), 928);
    v128.store(target, multiplyQ15(i16x8.add(minus, lowTurn), v128.load(multipliers, 816)), 816);
    v128.store(target, multiplyQ15(i16x8.sub(minus, lowTurn), v128.load(multipliers, 640)), 640);
    const outer = i16x8.add(sum07, sum34),
      inner = i16x8.add(sum16, sum25);
    v128.store(target, multiplyQ15(i16x8.add(outer, inner), v128.load(multipliers, 240)), 240);
    v128.store(target, multiplyQ15(i16x8.sub(outer, inner), v128.load(multipliers, 720)), 720);
    const outerTurn = i16x8.sub(sum07, sum34);
    const innerTurn = multiplyQ15(i16x8.add(i16x8.sub(sum16, sum25), outerTurn), cos4);
    v128.store(target, multiplyQ15(i16x8.add(outerTurn, innerTurn), v128.load(multipliers, 480)), 480);
    v128.store(target, multiplyQ15(i16x8.sub(outerTurn, innerTurn), v128.load(multipliers, 896)), 896);
  }
  // u = 6
  {
    const x0 = v128.load(block, 96),
      x7 = v128.load(block, 992);
    const sum07 = i16x8.add(x0, x7),
      difference07 = i16x8.sub(x0, x7);
    const x3 = v128.load(block, 480),
      x4 = v128.load(block, 608);
    const sum34 = i16x8.add(x3, x4),
      difference34 = i16x8.sub(x3, x4);
    const x1 = v128.load(block, 224),
      x6 = v128.load(block, 864);
    const sum16 = i16x8.add(x1, x6),
      difference16 = i16x8.sub(x1, x6);
    const x2 = v128.load(block, 352),
      x5 = v128.load(block, 736);
    const sum25 = i16x8.add(x2, x5),
      difference25 = i16x8.sub(x2, x5);
    const low = i16x8.add(difference34, difference25),
      high = i16x8.add(difference16, difference07);
    const middle = multiplyQ15(i16x8.add(difference25, difference16), cos4);
    const lowTurn = i16x8.sub(multiplyQ15(low, cos2), multiplyQ15(high, sin2));
    const highTurn = i16x8.add(multiplyQ15(high, cos2), multiplyQ15(low, sin2));
    const plus = i16x8.add(difference07, middle),
      minus = i16x8.sub(difference07, middle);
    v128.store(target, multiplyQ15(i16x8.add(plus, highTurn), v128.load(multipliers, 464)), 464);
    v128.store(target, multiplyQ15(i16x8.sub(plus, highTurn), v128.load(multipliers, 992)), 992);
    v128.store(target, multiplyQ15(i16x8.add(minus, lowTurn), v128.load(multipliers, 880)), 880);
    v128.store(target, multiplyQ15(i16x8.sub(minus, lowTurn), v128.load(multipliers, 704)), 704);
    const outer = i16x8.add(sum07, sum34),
      inner = i16x8.add(sum16, sum25);
    v128.store(target, multiplyQ15(i16x8.add(outer, inner), v128.load(multipliers, 432)), 432);
    v128.store(target, multiplyQ15(i16x8.sub(outer, inner), v128.load(multipliers, 832)), 832);
    const outerTurn = i16x8.sub(sum07, sum34);
    const innerTurn = multiplyQ15(i16x8.add(i16x8.sub(sum16, sum25), outerTurn), cos4);
    v128.store(target, multiplyQ15(i16x8.add(outerTurn, innerTurn), v128.load(multipliers, 656)), 656);
    v128.store(target, multiplyQ15(i16x8.sub(outerTurn, innerTurn), v128.load(multipliers, 944)), 944);
  }
  // u = 7
  {
    const x0 = v128.load(block, 112),
      x7 = v128.load(block, 1008);
    const sum07 = i16x8.add(x0, x7),
      difference07 = i16x8.sub(x0, x7);
    const x3 = v128.load(block, 496),
      x4 = v128.load(block, 624);
    const sum34 = i16x8.add(x3, x4),
      difference34 = i16x8.sub(x3, x4);
    const x1 = v128.load(block, 240),
      x6 = v128.load(block, 880);
    const sum16 = i16x8.add(x1, x6),
      difference16 = i16x8.sub(x1, x6);
    const x2 = v128.load(block, 368),
      x5 = v128.load(block, 752);
    const sum25 = i16x8.add(x2, x5),
      difference25 = i16x8.sub(x2, x5);
    const low = i16x8.add(difference34, difference25),
      high = i16x8.add(difference16, difference07);
    const middle = multiplyQ15(i16x8.add(difference25, difference16), cos4);
    const lowTurn = i16x8.sub(multiplyQ15(low, cos2), multiplyQ15(high, sin2));
    const highTurn = i16x8.add(multiplyQ15(high, cos2), multiplyQ15(low, sin2));
    const plus = i16x8.add(difference07, middle),
      minus = i16x8.sub(difference07, middle);
    v128.store(target, multiplyQ15(i16x8.add(plus, highTurn), v128.load(multipliers, 672)), 672);
    v128.store(target, multiplyQ15(i16x8.sub(plus, highTurn), v128.load(multipliers, 1008)), 1008);
    v128.store(target, multiplyQ15(i16x8.add(minus, lowTurn), v128.load(multipliers, 960)), 960);
    v128.store(target, multiplyQ15(i16x8.sub(minus, lowTurn), v128.load(multipliers, 848)), 848);
    const outer = i16x8.add(sum07, sum34),
      inner = i16x8.add(sum16, sum25);
    v128.store(target, multiplyQ15(i16x8.add(outer, inner), v128.load(multipliers, 448)), 448);
    v128.store(target, multiplyQ15(i16x8.sub(outer, inner), v128.load(multipliers, 864)), 864);
    const outerTurn = i16x8.sub(sum07, sum34);
    const innerTurn = multiplyQ15(i16x8.add(i16x8.sub(sum16, sum25), outerTurn), cos4);
    v128.store(target, multiplyQ15(i16x8.add(outerTurn, innerTurn), v128.load(multipliers, 688)), 688);
    v128.store(target, multiplyQ15(i16x8.sub(outerTurn, innerTurn), v128.load(multipliers, 976)), 976);
  }
  v128.store(target, i16x8.splat(0), 1024);
  v128.store(target, i16x8.splat(0), 1040);
  writeMasks(target, masks);
}
