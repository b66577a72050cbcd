// Colour: converts luma and chroma (planar, semi-planar and packed YUV, grey) to the sample arrays.
//
// Input: rows of bytes. Output: the sample arrays of layout.ts, lane n = MCU n, signed 16 bit, two units per level.
// Eight bytes of each of eight MCUs form an 8×8 byte matrix, which is transposed here. There is no detour through RGB.
//
// Range: JPEG samples are full range (JFIF 1.02). Limited-range video (BT.601: luma 16-235, chroma 16-240) is stretched: a
// saturating subtraction and a saturating addition clamp both ends, the multiplier for the scale of the DCT also stretches, and
// the DC bias (quantisation-tables.ts) removes the offset of the clamping. For full range these operands are zero.

import { BLOCK_BYTES } from "./layout";
import { multiplyQ15 } from "./vector";

/** Loads eight bytes at each of two addresses, clamps them to the colour range, and interleaves them as signed bytes. */
function loadByTurns(pair: v128, floor: v128, headroom: v128): v128 {
  const signed = v128.xor(i8x16.add_sat_u(i8x16.sub_sat_u(pair, floor), headroom), i8x16.splat(-128));
  return v128.shuffle<u8>(signed, signed, 0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15);
}

/** Joins bytes 0 to 7 of two addresses. The upper half of `first` may have any contents. */
function join(first: v128, second: f64): v128 {
  return f64x2.replace_lane(first, 1, second);
}

/** Returns the lower halves of two vectors. */
function lowerHalves(first: v128, second: v128): v128 {
  return f64x2.replace_lane(first, 1, f64x2.extract_lane(second, 0));
}

/** Returns the upper halves of two vectors. */
function upperHalves(first: v128, second: v128): v128 {
  return f64x2.replace_lane(second, 0, f64x2.extract_lane(first, 1));
}

/** Interleaves pairs of bytes of two vectors' halves. */
function pairsByTurns(halves: v128): v128 {
  return v128.shuffle<u16>(halves, halves, 0, 4, 1, 5, 2, 6, 3, 7);
}

/** Returns bytes 0 to 3 and 8 to 11, each times 256. */
function firstColumn(columns: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) {
    return v128.relaxed_swizzle(
      columns,
      i8x16(-128, 0, -128, 1, -128, 2, -128, 3, -128, 8, -128, 9, -128, 10, -128, 11),
    );
  }
  return v128.and(
    v128.shuffle<u8>(columns, columns, 0, 0, 1, 1, 2, 2, 3, 3, 8, 8, 9, 9, 10, 10, 11, 11),
    i16x8.splat(-256),
  );
}

/** Returns bytes 4 to 7 and 12 to 15, each times 256. */
function secondColumn(columns: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) {
    return v128.relaxed_swizzle(
      columns,
      i8x16(-128, 4, -128, 5, -128, 6, -128, 7, -128, 12, -128, 13, -128, 14, -128, 15),
    );
  }
  return v128.and(
    v128.shuffle<u8>(columns, columns, 4, 4, 5, 5, 6, 6, 7, 7, 12, 12, 13, 13, 14, 14, 15, 15),
    i16x8.splat(-256),
  );
}

/**
 * Transposes eight bytes of each of eight MCUs to eight vectors, one for each byte position.
 * The bytes of MCU n begin at `source` + n · `mcuBytes`. Even positions go to `even`, `even` + `evenStep` and so on;
 * positions 1 and 5 go to `odd` and `odd` + `oddStep`, positions 3 and 7 to `odder` and `odder` + `oddStep`.
 * CALLER exists only to give a frequent caller its own copy, which the compiler inlines because it has one call.
 */
export function turnEightBytes<CALLER>(
  source: usize,
  mcuBytes: usize,
  floor: v128,
  headroom: v128,
  evenScale: v128,
  oddScale: v128,
  even: usize,
  evenStep: usize,
  odd: usize,
  odder: usize,
  oddStep: usize,
): void {
  const two = source + (mcuBytes << 1);
  const four = source + (mcuBytes << 2);
  const six = two + (mcuBytes << 2);
  const ab = loadByTurns(join(v128.load(source), load<f64>(source + mcuBytes)), floor, headroom);
  const cd = loadByTurns(join(v128.load(two), load<f64>(two + mcuBytes)), floor, headroom);
  const ef = loadByTurns(join(v128.load(four), load<f64>(four + mcuBytes)), floor, headroom);
  const gh = loadByTurns(join(v128.load(six), load<f64>(six + mcuBytes)), floor, headroom);
  // [a0 b0 c0 d0 a1 b1 c1 d1 …], positions 0 to 3.
  const abcd = pairsByTurns(lowerHalves(ab, cd));
  const efgh = pairsByTurns(lowerHalves(ef, gh));
  const columns01 = lowerHalves(abcd, efgh);
  v128.store(even, multiplyQ15(firstColumn(columns01), evenScale));
  v128.store(odd, multiplyQ15(secondColumn(columns01), oddScale));
  const columns23 = upperHalves(abcd, efgh);
  v128.store(even + evenStep, multiplyQ15(firstColumn(columns23), evenScale));
  v128.store(odder, multiplyQ15(secondColumn(columns23), oddScale));
  // Positions 4 to 7.
  const abcdUpper = pairsByTurns(upperHalves(ab, cd));
  const efghUpper = pairsByTurns(upperHalves(ef, gh));
  const columns45 = lowerHalves(abcdUpper, efghUpper);
  v128.store(even + 2 * evenStep, multiplyQ15(firstColumn(columns45), evenScale));
  v128.store(odd + oddStep, multiplyQ15(secondColumn(columns45), oddScale));
  const columns67 = upperHalves(abcdUpper, efghUpper);
  v128.store(even + 3 * evenStep, multiplyQ15(firstColumn(columns67), evenScale));
  v128.store(odder + oddStep, multiplyQ15(secondColumn(columns67), oddScale));
}

/**
 * Converts one row of one plane: `groups` complete groups with `mcuBlocks` blocks side by side in each MCU. `target` is the
 * address of the row in the first group; groups are `groupBytes` apart.
 */
export function turnPlaneRow(
  source: usize,
  groups: i32,
  mcuBlocks: i32,
  target: usize,
  groupBytes: usize,
  floor: v128,
  headroom: v128,
  scale: v128,
): void {
  const mcuBytes = (<usize>mcuBlocks) << 3;
  for (let group = 0; group < groups; group++) {
    let block = target;
    for (let n = 0; n < mcuBlocks; n++) {
      turnEightBytes<u8>(source, mcuBytes, floor, headroom, scale, scale, block, 32, block + 16, block + 48, 64);
      source += 8;
      block += BLOCK_BYTES;
    }
    source += 7 * mcuBytes;
    target += groupBytes;
  }
}
