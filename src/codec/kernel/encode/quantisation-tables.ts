// Quantisation tables (T.81 K.1, K.2) scaled by quality, and the multipliers of quantise.ts.
//
// The quality scale is that of libjpeg: 50 uses the tables unchanged, 100 makes all ones, below 50 they grow by 50 / quality. One
// product with a multiplier also removes the two units per level of the samples and the scale factors of the DCT. The factor
// of the colour stage is 0.05 % off, but rounding still makes every grey level exactly two units. A correction of those 0.05 %
// here would make flat surfaces worse.

import {
  INPUT_BLUE_SCALE,
  INPUT_CHROMA_FLOOR,
  INPUT_CHROMA_HEADROOM,
  INPUT_LUMA_FLOOR,
  INPUT_LUMA_HEADROOM,
  INPUT_LUMA_SCALE,
  INPUT_HELD,
  INPUT_PACKED_FLOOR,
  INPUT_PACKED_HEADROOM,
  INPUT_PIXEL_ORDER,
  INPUT_RED_SCALE,
  PIXEL_BGR24,
  PIXEL_PLANAR_420,
  PIXEL_RGB24,
  RANGE_LIMITED,
  SAMPLING_420,
  STATE_DC_BIAS,
  STATE_QUANTISATION,
} from "./layout";
import { BLUE_WEIGHT_SUM, CHROMA_OFFSET, LUMA_WEIGHT_SUM, lumaOffset, RED_WEIGHT_SUM } from "./colour-rgb";

/** Natural index (row · 8 + column) of each zigzag position, figure A.6. */
const ZIGZAG: usize = memory.data<u8>([
  0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
  35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47,
  55, 62, 63,
]);
/** Table K.1, luminance, natural order. */
const LUMA: usize = memory.data<u8>([
  16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51,
  87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101,
  72, 92, 95, 98, 112, 100, 103, 99,
]);
/** Table K.2, chrominance, natural order. */
const CHROMA: usize = memory.data<u8>([
  17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99,
  99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
  99, 99, 99, 99, 99, 99,
]);
/** Scale factors a(k) of forward-dct.ts. */
const SCALE: usize = memory.data<f64>([
  1.0, 1.387039845322148, 1.306562964876377, 1.175875602419359, 1.0, 0.785694958387102, 0.541196100146197,
  0.275899379282943,
]);

/** One level of a sample in the units of the DCT. */
const UNITS_PER_LEVEL: f64 = 2.0;

/** Returns the quantiser at zigzag position `k` for luma (0) or chroma (1), on libjpeg's quality scale. It is at most 255. */
export function quantiser(table: i32, k: i32, quality: i32): i32 {
  const natural = <usize>load<u8>(ZIGZAG + <usize>k);
  const base = <i32>load<u8>((table == 0 ? LUMA : CHROMA) + natural);
  const percent = quality < 50 ? 5000 / quality : 200 - 2 * quality;
  return min(max((base * percent + 50) / 100, 1), 255);
}

/** Writes one component's 64 multipliers. */
function buildMultipliers(target: usize, table: i32, quality: i32): void {
  for (let k = 0; k < 64; k++) {
    const natural = <usize>load<u8>(ZIGZAG + <usize>k);
    const scale = load<f64>(SCALE + ((natural >> 3) << 3)) * load<f64>(SCALE + ((natural & 7) << 3));
    const multiplier = 32768.0 / (<f64>quantiser(table, k, quality) * 8.0 * UNITS_PER_LEVEL * scale);
    v128.store(target + ((<usize>k) << 4), i16x8.splat(<i16>min(nearest(multiplier), 32767.0)));
  }
}

/**
 * Writes input scale, multipliers and DC bias of one component. `unitsIn`: one level before the input scale is applied;
 * `offset`: the value of mid grey or zero chroma there, in levels of the output.
 */
function buildComponent(
  state: usize,
  component: usize,
  scaleField: usize,
  quality: i32,
  unitsIn: f64,
  offset: f64,
): void {
  v128.store(state + scaleField, i16x8.splat(<i16>nearest((UNITS_PER_LEVEL * 32768.0) / unitsIn)));
  v128.store(state + (component << 4), i16x8.splat(<i16>nearest(-64.0 * offset * UNITS_PER_LEVEL)), STATE_DC_BIAS);
  buildMultipliers(state + STATE_QUANTISATION + (component << 10), component == 0 ? 0 : 1, quality);
}

/** Prepares colour input, quantisation multipliers and DC bias for one pixel format. */
export function buildQuantisation(state: usize, pixelFormat: i32, range: i32, sampling: i32, quality: i32): void {
  // Two pixels of one MCU and two of the next → first pixels of both, then second pixels of both, four bytes each.
  v128.store(state, i8x16(0, 1, 2, 3, 8, 9, 10, 11, 4, 5, 6, 7, 12, 13, 14, 15), INPUT_PIXEL_ORDER);
  if (pixelFormat == PIXEL_RGB24) {
    v128.store(state, i8x16(0, 1, 2, -128, 8, 9, 10, -128, 3, 4, 5, -128, 11, 12, 13, -128), INPUT_PIXEL_ORDER);
  } else if (pixelFormat == PIXEL_BGR24) {
    v128.store(state, i8x16(2, 1, 0, -128, 10, 9, 8, -128, 5, 4, 3, -128, 13, 12, 11, -128), INPUT_PIXEL_ORDER);
  }
  v128.store(state, ASC_FEATURE_RELAXED_SIMD ? i16x8.splat(1) : i32x4.splat(128), INPUT_HELD);
  if (pixelFormat < PIXEL_PLANAR_420) {
    const halved = sampling == SAMPLING_420;
    buildComponent(state, 0, INPUT_LUMA_SCALE, quality, LUMA_WEIGHT_SUM, lumaOffset(halved));
    buildComponent(state, 1, INPUT_BLUE_SCALE, quality, BLUE_WEIGHT_SUM, CHROMA_OFFSET);
    buildComponent(state, 2, INPUT_RED_SCALE, quality, RED_WEIGHT_SUM, CHROMA_OFFSET);
    return;
  }
  // The scale of the DCT applies to byte · 256. Clamping to 16-235 (16-240): subtract 16, limited to 0; then add 36 (31),
  // limited to 255.
  const limited = range == RANGE_LIMITED;
  const lumaFloor: i8 = limited ? 16 : 0;
  const lumaHeadroom: i8 = limited ? 36 : 0;
  const chromaHeadroom: i8 = limited ? 31 : 0;
  v128.store(state, i8x16.splat(lumaFloor), INPUT_LUMA_FLOOR);
  v128.store(state, i8x16.splat(lumaHeadroom), INPUT_LUMA_HEADROOM);
  v128.store(state, i8x16.splat(lumaFloor), INPUT_CHROMA_FLOOR);
  v128.store(state, i8x16.splat(chromaHeadroom), INPUT_CHROMA_HEADROOM);
  v128.store(state, i8x16.splat(lumaFloor), INPUT_PACKED_FLOOR);
  v128.store(state, i16x8.splat((<i16>lumaHeadroom) | ((<i16>chromaHeadroom) << 8)), INPUT_PACKED_HEADROOM);
  const lumaUnits = limited ? (256.0 * 219.0) / 255.0 : 256.0;
  const chromaUnits = limited ? (256.0 * 224.0) / 255.0 : 256.0;
  // In levels of the output: luma x becomes (x - 16 + 36 - 128) · 255/219 and should be (x - 16) · 255/219 - 128;
  // chroma x becomes (x - 16 + 31 - 128) · 255/224 and should be (x - 128) · 255/224.
  const lumaShift = limited ? 128.0 - (92.0 * 255.0) / 219.0 : 0.0;
  const chromaShift = limited ? (15.0 * 255.0) / 224.0 : 0.0;
  buildComponent(state, 0, INPUT_LUMA_SCALE, quality, lumaUnits, lumaShift);
  buildComponent(state, 1, INPUT_BLUE_SCALE, quality, chromaUnits, chromaShift);
  buildComponent(state, 2, INPUT_RED_SCALE, quality, chromaUnits, chromaShift);
}
