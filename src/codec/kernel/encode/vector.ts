// The vector operations that the relaxed and the plain build spell differently.
// ASC_FEATURE_RELAXED_SIMD is a constant of the compiler, so each build keeps one branch only.

/** Lane-wise a·b / 2^15, rounded to nearest. Neither build may be given -32768 twice. */
export function multiplyQ15(a: v128, b: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? v128.relaxed_q15mulr<i16>(a, b) : v128.q15mulr_sat<i16>(a, b);
}
