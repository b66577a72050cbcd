// Colour: converts RGB pixels to Y, Cb, Cr samples (JFIF 1.02, full-range BT.601), for 4:2:0 and 4:4:4.
//
// Input: rows of packed pixels, 4 bytes (RGBA) or 3 (RGB, BGR). Output: the sample arrays of layout.ts, lane n = MCU n, signed
// 16 bit, two units per level (INPUT_*_SCALE scales the weighted sums; greys are exact).
//
// A vector loads two pixels of one MCU and two of its neighbour. One byte shuffle for each vector and two moves of 64-bit halves
// for each pair of vectors turn "pixels side by side" into "MCUs side by side". After that no data crosses lanes: the averages
// of 4:2:0 are byte averages of four such vectors.
//
// The weights are small integers. Relaxed build, and 4:4:4 in the plain build: luma (55, 108, 21)/184 or (76, 149, 29)/254, Cb
// (-27, -53, 80)/160, Cr (123, -103, -20)/246, within 0.1 level of BT.601. The sums fit 16 bits, so that a saturating narrow
// packs them, and a rounding product scales them. The relaxed byte dot product needs one signed and one 7-bit operand. Bytes
// become signed by an xor with 0x80 for a positive weight. For a negative weight it is an xor with 0x7F, which negates them and
// subtracts one. The plain build multiplies red and blue together, and green alone, in 16 bits.
//
// In the plain build rounding products take several times as long. For 4:2:0, whose chroma is coarse anyway, it uses weights in
// units of 1/512 instead, within 0.25 level: (153, 301, 58), (-86, -170, 256), (256, -214, -42). Two units per level are then
// bits 8 to 23 of the sum, which one byte shuffle selects and packs.
//
// The DC bias (quantisation-tables.ts) removes the offset of each method.

import {
  BLOCK_BYTES,
  INPUT_BLUE_SCALE,
  INPUT_LUMA_SCALE,
  INPUT_HELD,
  INPUT_PIXEL_ORDER,
  INPUT_RED_SCALE,
  SAMPLE_ROW_BYTES,
} from "./layout";
import { multiplyQ15 } from "./vector";

/** The weight of one level in the sums below. */
export const LUMA_WEIGHT_SUM: f64 = ASC_FEATURE_RELAXED_SIMD ? 184.0 : 254.0;
export const BLUE_WEIGHT_SUM: f64 = 160.0;
export const RED_WEIGHT_SUM: f64 = 246.0;

/** Returns the value of mid grey after these sums, in levels. */
export function lumaOffset(halved: bool): f64 {
  if (ASC_FEATURE_RELAXED_SIMD) return 0.0;
  return halved ? 128.0 : -1.0;
}

/** The value of zero chroma after these sums, in levels. */
export const CHROMA_OFFSET: f64 = ASC_FEATURE_RELAXED_SIMD ? -0.5 : 0.0;

/** Returns red and blue of four pixels in 16-bit lanes. */
function redBlue(pixels: v128): v128 {
  return v128.and(pixels, i16x8.splat(255));
}

/** Returns green and alpha of four pixels in 16-bit lanes. */
function green(pixels: v128): v128 {
  return v128.and(
    v128.shuffle<u8>(pixels, pixels, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14),
    i16x8.splat(255),
  );
}

/** Weighs eight pixels and returns bits 8 to 23 of the sums. Only the plain build uses it, for 4:2:0. */
function pickedSums(pixels0: v128, pixels4: v128, held: v128, outer: v128, middle: v128): v128 {
  const sums0 = i32x4.add(
    i32x4.dot_i16x8_s(redBlue(pixels0), outer),
    i32x4.add(i32x4.dot_i16x8_s(green(pixels0), middle), held),
  );
  const sums4 = i32x4.add(
    i32x4.dot_i16x8_s(redBlue(pixels4), outer),
    i32x4.add(i32x4.dot_i16x8_s(green(pixels4), middle), held),
  );
  return v128.shuffle<u8>(sums0, sums4, 1, 2, 5, 6, 9, 10, 13, 14, 17, 18, 21, 22, 25, 26, 29, 30);
}

/**
 * Converts eight pixels to luma samples. `held` is a constant in the state. In the relaxed build it is eight 1s, to add pairs
 * (with a literal, the compiler would choose a slower instruction). In the plain build it is four 128s, to round.
 */
function luma(pixels0: v128, pixels4: v128, scale: v128, held: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) {
    const sign = i8x16.splat(-128);
    const weights = i32x4.splat(0x00156c37);
    const sums0 = i32x4.dot_i16x8_s(v128.relaxed_dot<i16>(v128.xor(pixels0, sign), weights), held);
    const sums4 = i32x4.dot_i16x8_s(v128.relaxed_dot<i16>(v128.xor(pixels4, sign), weights), held);
    return multiplyQ15(i16x8.narrow_i32x4_s(sums0, sums4), scale);
  }
  const outer = i32x4.splat(76 | (29 << 16));
  const middle = i32x4.splat(149);
  const sums0 = i32x4.add(i32x4.dot_i16x8_s(redBlue(pixels0), outer), i32x4.dot_i16x8_s(green(pixels0), middle));
  const sums4 = i32x4.add(i32x4.dot_i16x8_s(redBlue(pixels4), outer), i32x4.dot_i16x8_s(green(pixels4), middle));
  return multiplyQ15(v128.xor(i16x8.narrow_i32x4_u(sums0, sums4), i16x8.splat(-32768)), scale);
}

/** Converts eight pixels to Cb samples. */
function blue(pixels0: v128, pixels4: v128, scale: v128, held: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) {
    const sign = i32x4.splat(0x00807f7f);
    const weights = i32x4.splat(0x0050351b);
    const sums0 = i32x4.dot_i16x8_s(v128.relaxed_dot<i16>(v128.xor(pixels0, sign), weights), held);
    const sums4 = i32x4.dot_i16x8_s(v128.relaxed_dot<i16>(v128.xor(pixels4, sign), weights), held);
    return multiplyQ15(i16x8.narrow_i32x4_s(sums0, sums4), scale);
  }
  const outer = i32x4.splat((-27 & 0xffff) | (80 << 16));
  const middle = i32x4.splat(-53 & 0xffff);
  const sums0 = i32x4.add(i32x4.dot_i16x8_s(redBlue(pixels0), outer), i32x4.dot_i16x8_s(green(pixels0), middle));
  const sums4 = i32x4.add(i32x4.dot_i16x8_s(redBlue(pixels4), outer), i32x4.dot_i16x8_s(green(pixels4), middle));
  return multiplyQ15(i16x8.narrow_i32x4_s(sums0, sums4), scale);
}

/** Converts eight pixels to Cr samples. */
function red(pixels0: v128, pixels4: v128, scale: v128, held: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) {
    const sign = i32x4.splat(0x007f7f80);
    const weights = i32x4.splat(0x0014677b);
    const sums0 = i32x4.dot_i16x8_s(v128.relaxed_dot<i16>(v128.xor(pixels0, sign), weights), held);
    const sums4 = i32x4.dot_i16x8_s(v128.relaxed_dot<i16>(v128.xor(pixels4, sign), weights), held);
    return multiplyQ15(i16x8.narrow_i32x4_s(sums0, sums4), scale);
  }
  const outer = i32x4.splat(123 | (-20 << 16));
  const middle = i32x4.splat(-103 & 0xffff);
  const sums0 = i32x4.add(i32x4.dot_i16x8_s(redBlue(pixels0), outer), i32x4.dot_i16x8_s(green(pixels0), middle));
  const sums4 = i32x4.add(i32x4.dot_i16x8_s(redBlue(pixels4), outer), i32x4.dot_i16x8_s(green(pixels4), middle));
  return multiplyQ15(i16x8.narrow_i32x4_s(sums0, sums4), scale);
}

/** Does the same as luma(), for 4:2:0. */
function lumaHalved(pixels0: v128, pixels4: v128, scale: v128, held: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return luma(pixels0, pixels4, scale, held);
  return pickedSums(pixels0, pixels4, held, i32x4.splat(153 | (58 << 16)), i32x4.splat(301));
}

/** Does the same as blue(), for 4:2:0. */
function blueHalved(pixels0: v128, pixels4: v128, scale: v128, held: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return blue(pixels0, pixels4, scale, held);
  return pickedSums(pixels0, pixels4, held, i32x4.splat((-86 & 0xffff) | (256 << 16)), i32x4.splat(-170 & 0xffff));
}

/** Does the same as red(), for 4:2:0. */
function redHalved(pixels0: v128, pixels4: v128, scale: v128, held: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return red(pixels0, pixels4, scale, held);
  return pickedSums(pixels0, pixels4, held, i32x4.splat(256 | (-42 << 16)), i32x4.splat(-214 & 0xffff));
}

/**
 * Joins two pixels of one MCU and two of its neighbour: [first pixels of both, second pixels of both]. `pixels` is a whole
 * vector because that is the cheapest load; its upper half is not used.
 */
function pairUp<PIXEL>(pixels: v128, neighbour: f64, order: v128): v128 {
  const joined = f64x2.replace_lane(pixels, 1, neighbour);
  if (ASC_FEATURE_RELAXED_SIMD) return v128.relaxed_swizzle(joined, order);
  return sizeof<PIXEL>() == 4 ? v128.shuffle<u32>(joined, joined, 0, 2, 1, 3) : v128.swizzle(joined, order);
}

/** Returns the first pixels of four MCUs. */
function firstOf(pair: v128, nextPair: v128): v128 {
  return f64x2.replace_lane(pair, 1, f64x2.extract_lane(nextPair, 0));
}

/** Returns the second pixels of four MCUs. */
function secondOf(pair: v128, nextPair: v128): v128 {
  return f64x2.replace_lane(nextPair, 0, f64x2.extract_lane(pair, 1));
}

/**
 * Converts two pixel rows to 4:2:0 samples, `groups` groups of 128 pixels.
 * `target` is the address of row 0 of the pair in block 0, `chroma` the address of the chroma row in the Cb block.
 */
export function convertRowPair420<PIXEL>(
  state: usize,
  row0: usize,
  row1: usize,
  groups: i32,
  target: usize,
  chroma: usize,
): void {
  const MCU: usize = sizeof<PIXEL>() == 4 ? 64 : 48;
  const PAIR: usize = sizeof<PIXEL>() == 4 ? 8 : 6;
  const order = v128.load(state, INPUT_PIXEL_ORDER);
  const held = v128.load(state, INPUT_HELD);
  const lumaScale = v128.load(state, INPUT_LUMA_SCALE);
  const blueScale = v128.load(state, INPUT_BLUE_SCALE);
  const redScale = v128.load(state, INPUT_RED_SCALE);
  for (let group = 0; group < groups; group++) {
    for (let pair = 0; pair < 8; pair++) {
      const ab0 = pairUp<PIXEL>(v128.load(row0), load<f64>(row0, MCU), order);
      const cd0 = pairUp<PIXEL>(v128.load(row0, 2 * MCU), load<f64>(row0, 3 * MCU), order);
      const ef0 = pairUp<PIXEL>(v128.load(row0, 4 * MCU), load<f64>(row0, 5 * MCU), order);
      const gh0 = pairUp<PIXEL>(v128.load(row0, 6 * MCU), load<f64>(row0, 7 * MCU), order);
      const left0 = firstOf(ab0, cd0);
      const left4 = firstOf(ef0, gh0);
      v128.store(target, lumaHalved(left0, left4, lumaScale, held));
      const right0 = secondOf(ab0, cd0);
      const right4 = secondOf(ef0, gh0);
      v128.store(target, lumaHalved(right0, right4, lumaScale, held), 16);

      const ab1 = pairUp<PIXEL>(v128.load(row1), load<f64>(row1, MCU), order);
      const cd1 = pairUp<PIXEL>(v128.load(row1, 2 * MCU), load<f64>(row1, 3 * MCU), order);
      const ef1 = pairUp<PIXEL>(v128.load(row1, 4 * MCU), load<f64>(row1, 5 * MCU), order);
      const gh1 = pairUp<PIXEL>(v128.load(row1, 6 * MCU), load<f64>(row1, 7 * MCU), order);
      const below0 = firstOf(ab1, cd1);
      const below4 = firstOf(ef1, gh1);
      const across0 = secondOf(ab1, cd1);
      const across4 = secondOf(ef1, gh1);
      // Byte averages round up. The weights of Cb and of Cr sum to zero, so that this rounding cancels out.
      const mean0 = i8x16.avgr_u(i8x16.avgr_u(left0, below0), i8x16.avgr_u(right0, across0));
      const mean4 = i8x16.avgr_u(i8x16.avgr_u(left4, below4), i8x16.avgr_u(right4, across4));
      v128.store(target, lumaHalved(below0, below4, lumaScale, held), SAMPLE_ROW_BYTES);
      v128.store(target, lumaHalved(across0, across4, lumaScale, held), SAMPLE_ROW_BYTES + 16);
      v128.store(chroma, blueHalved(mean0, mean4, blueScale, held));
      v128.store(chroma, redHalved(mean0, mean4, redScale, held), BLOCK_BYTES);
      row0 += PAIR;
      row1 += PAIR;
      // Four pairs for each block; then the block to the right.
      target += pair == 3 ? BLOCK_BYTES - 96 : 32;
      chroma += 16;
    }
    row0 += 7 * MCU;
    row1 += 7 * MCU;
    target += 4 * BLOCK_BYTES - 128 + BLOCK_BYTES;
    chroma += 6 * BLOCK_BYTES - 128;
  }
}

/** Converts one pixel row to 4:4:4 samples, `groups` groups of 64 pixels; `target` is the address of the row in the Y block. */
export function convertRow444<PIXEL>(state: usize, row: usize, groups: i32, target: usize): void {
  const MCU: usize = sizeof<PIXEL>() == 4 ? 32 : 24;
  const PAIR: usize = sizeof<PIXEL>() == 4 ? 8 : 6;
  const order = v128.load(state, INPUT_PIXEL_ORDER);
  const held = v128.load(state, INPUT_HELD);
  const lumaScale = v128.load(state, INPUT_LUMA_SCALE);
  const blueScale = v128.load(state, INPUT_BLUE_SCALE);
  const redScale = v128.load(state, INPUT_RED_SCALE);
  for (let group = 0; group < groups; group++) {
    for (let pair = 0; pair < 4; pair++) {
      const ab = pairUp<PIXEL>(v128.load(row), load<f64>(row, MCU), order);
      const cd = pairUp<PIXEL>(v128.load(row, 2 * MCU), load<f64>(row, 3 * MCU), order);
      const ef = pairUp<PIXEL>(v128.load(row, 4 * MCU), load<f64>(row, 5 * MCU), order);
      const gh = pairUp<PIXEL>(v128.load(row, 6 * MCU), load<f64>(row, 7 * MCU), order);
      const left0 = firstOf(ab, cd);
      const left4 = firstOf(ef, gh);
      v128.store(target, luma(left0, left4, lumaScale, held));
      v128.store(target, blue(left0, left4, blueScale, held), BLOCK_BYTES);
      v128.store(target, red(left0, left4, redScale, held), 2 * BLOCK_BYTES);
      const right0 = secondOf(ab, cd);
      const right4 = secondOf(ef, gh);
      v128.store(target, luma(right0, right4, lumaScale, held), 16);
      v128.store(target, blue(right0, right4, blueScale, held), BLOCK_BYTES + 16);
      v128.store(target, red(right0, right4, redScale, held), 2 * BLOCK_BYTES + 16);
      row += PAIR;
      target += 32;
    }
    row += 7 * MCU;
    target += 3 * BLOCK_BYTES - 128;
  }
}
