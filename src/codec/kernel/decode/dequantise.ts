// Dequantisation factors (T.81 F.2.1.4 with A.3.4), and the place of each coefficient by zigzag position.
//
// Both are arrays of 192 u32:
//   places   bits 0-15 byte offset of the coefficient in a group of eight blocks, bits 16-23 its row, 24-31 its column, one bit
//            each
//   factors  q · a(u) · a(v) / 8 in FRACTION_BITS + FACTOR_FRACTION_BITS binary places, with a(0) = 1 and a(k) = √2 · cos(kπ/16):
//            the scaling that the transform of Arai, Agui and Nakajima (1988) needs
//
// EOB, and runs that leave the block, lead to positions from 64 on. Their place is a vector that is never read, so that the
// decoder needs no check for them.

import {
  COARSE_FRACTION_BITS,
  COARSE_SUM,
  DEQUANTISE_FACTORS,
  DQT_TABLES,
  FACTOR_FRACTION_BITS,
  FRACTION_BITS,
  GROUP_SWALLOW,
  TABLES_DEQUANTISE,
  TABLES_DQT,
  TABLES_FRACTION,
} from "./layout";

/** Natural position (row · 8 + column) of each zigzag position (T.81 figure A.6). */
const ZIGZAG = memory.data<u8>([
  0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
  35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47,
  55, 62, 63,
]);

const AAN_SCALE = memory.data<f64>([
  1.0, 1.387039845322148, 1.3065629648763766, 1.1758756024193588, 1.0, 0.7856949583871022, 0.541196100146197,
  0.2758993792829431,
]);

/**
 * Computes both arrays in a component's `tables` from the quantisation table unless they are up to date. Returns the fraction
 * bits of samples.
 */
export function buildDequantise(state: usize, tables: usize, table: i32): i32 {
  const factors = state + DQT_TABLES + table * 128;
  const known = load<i32>(tables + TABLES_FRACTION);
  if (known != 0 && memory.compare(tables + TABLES_DQT, factors, 128) == 0) return known;
  const target = tables + TABLES_DEQUANTISE;
  let sum = 0;
  for (let k = 0; k < 64; k++) sum += <i32>load<u16>(factors + (k << 1));
  const fractionBits = sum >= COARSE_SUM ? COARSE_FRACTION_BITS : FRACTION_BITS;
  const one: f64 = <f64>(1 << (fractionBits + FACTOR_FRACTION_BITS)) / 8.0;
  for (let k = 0; k < 64; k++) {
    const natural = <u32>load<u8>(ZIGZAG + k);
    const row = natural >> 3;
    const column = natural & 7;
    const scale = load<f64>(AAN_SCALE + (row << 3)) * load<f64>(AAN_SCALE + (column << 3));
    const factor = <u64>(<f64>load<u16>(factors + (k << 1)) * scale * one + 0.5);
    const place = (natural << 4) | (k == 0 ? 0 : ((<u32>1) << (16 + row)) | ((<u32>1) << (24 + column)));
    store<u32>(target + (k << 2), place);
    store<u32>(target + (k << 2), <u32>factor, DEQUANTISE_FACTORS);
  }
  for (let k = 64; k < 192; k++) {
    store<u32>(target + (k << 2), GROUP_SWALLOW);
    store<u32>(target + (k << 2), 0, DEQUANTISE_FACTORS);
  }
  memory.copy(tables + TABLES_DQT, factors, 128);
  store<i32>(tables + TABLES_FRACTION, fractionBits);
  return fractionBits;
}
