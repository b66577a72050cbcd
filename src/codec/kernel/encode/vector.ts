// The vector operations that differ between the relaxed and the plain build.
// ASC_FEATURE_RELAXED_SIMD is a constant of the compiler, so that each build contains one branch only.

/** Returns a·b / 2^15 of each lane, rounded to nearest. The operands must not both be -32768. */
export function multiplyQ15(a: v128, b: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? v128.relaxed_q15mulr<i16>(a, b) : v128.q15mulr_sat<i16>(a, b);
}
