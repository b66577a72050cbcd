// The vector operations that differ between the relaxed and the plain build. The condition is a constant of the compiler, so that
// each module contains one branch only. For the operands used here both builds give the same lanes.

/** Returns round(a · b / 2^15) of each lane. The operands must not both be -32768. */
export function mulHigh(a: v128, b: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return i16x8.relaxed_q15mulr_s(a, b);
  return i16x8.q15mulr_sat_s(a, b);
}

/**
 * Removes the `bits` fraction bits of samples; `fraction` is 2^(15 - bits) in all lanes. See COMPONENT_LEVEL for the rounding.
 */
export function descaled(a: v128, fraction: v128, bits: i32): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return i16x8.relaxed_q15mulr_s(a, fraction);
  return i16x8.shr_s(a, bits);
}

/** Returns the rounding term of `descaled`. The caller adds it to all samples before. */
export function descaleBias(bits: i32): i32 {
  return ASC_FEATURE_RELAXED_SIMD ? 0 : 1 << (bits - 1);
}

/** Selects bytes of `a` by `indices`: 0-15 selects a byte, 128 and above gives zero; other values are not allowed. */
export function swizzleFixed(a: v128, indices: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return i8x16.relaxed_swizzle(a, indices);
  return i8x16.swizzle(a, indices);
}

/**
 * Applies the triangle filter along a line of signed samples, which turns eight samples into sixteen pixels. Returns 3 · near +
 * far for pixels 0-7 in pixel order. `samples` begins one sample left of the first. (The plain build widens and adds, because
 * pairwise addition of bytes is slower there.)
 */
export function triangleLow(samples: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) {
    const pairs = swizzleFixed(samples, i8x16(0, 1, 1, 2, 1, 2, 2, 3, 2, 3, 3, 4, 3, 4, 4, 5));
    return i16x8.relaxed_dot_i8x16_i7x16_s(pairs, i8x16(1, 3, 3, 1, 1, 3, 3, 1, 1, 3, 3, 1, 1, 3, 3, 1));
  }
  const near = i16x8.extend_low_i8x16_s(swizzleFixed(samples, i8x16(1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8)));
  const far = i16x8.extend_low_i8x16_s(swizzleFixed(samples, i8x16(0, 2, 1, 3, 2, 4, 3, 5, 4, 6, 5, 7, 6, 8, 7, 9)));
  return i16x8.add(i16x8.add(near, near), i16x8.add(near, far));
}

/** Does the same for pixels 8-15. */
export function triangleHigh(samples: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) {
    const pairs = swizzleFixed(samples, i8x16(4, 5, 5, 6, 5, 6, 6, 7, 6, 7, 7, 8, 7, 8, 8, 9));
    return i16x8.relaxed_dot_i8x16_i7x16_s(pairs, i8x16(1, 3, 3, 1, 1, 3, 3, 1, 1, 3, 3, 1, 1, 3, 3, 1));
  }
  const near = i16x8.extend_low_i8x16_s(
    swizzleFixed(samples, i8x16(5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12)),
  );
  const far = i16x8.extend_low_i8x16_s(
    swizzleFixed(samples, i8x16(4, 6, 5, 7, 6, 8, 7, 9, 8, 10, 9, 11, 10, 12, 11, 13)),
  );
  return i16x8.add(i16x8.add(near, near), i16x8.add(near, far));
}
