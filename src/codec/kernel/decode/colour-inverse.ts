// Colour conversion: YCbCr → RGBA by JFIF 1.02 (ITU-R BT.601, full range), grey → RGBA, RGB → RGBA, sixteen pixels per iteration.
//
//   R = Y + 1.402 Cr   G = Y - 0.344136 Cb - 0.714136 Cr   B = Y + 1.772 Cb       (Cb and Cr minus 128)
//
// 16-bit lanes contain chroma times 16, so that one 15-bit multiplication rounds once, at the same point as libjpeg's table
// look-ups. For green, Cb is first scaled to Cr, which rounds to a sixteenth of a level. Then the sum is rounded once.

import { mulHigh, swizzleFixed } from "./lanes";

/** Factors for chroma times 16, as 15-bit fractions. */
export const RED_BY_CR: i16 = 2871; // 1.402 / 16
export const BLUE_BY_CB: i16 = 3629; // 1.772 / 16
export const CR_BY_CB: i16 = 15791; // 0.344136 / 0.714136
export const GREEN_BY_CR: i16 = 1463; // 0.714136 / 16

/** Clamps 16-bit red, green and blue, and writes eight pixels. */
export function storePixels(at: usize, red: v128, green: v128, blue: v128): void {
  const rg = i8x16.narrow_i16x8_u(red, green);
  const ba = i8x16.narrow_i16x8_u(blue, i16x8.splat(255));
  v128.store(
    at,
    v128.or(
      swizzleFixed(rg, i8x16(0, 8, -128, -128, 1, 9, -128, -128, 2, 10, -128, -128, 3, 11, -128, -128)),
      swizzleFixed(ba, i8x16(-128, -128, 0, 8, -128, -128, 1, 9, -128, -128, 2, 10, -128, -128, 3, 11)),
    ),
  );
  v128.store(
    at,
    v128.or(
      swizzleFixed(rg, i8x16(4, 12, -128, -128, 5, 13, -128, -128, 6, 14, -128, -128, 7, 15, -128, -128)),
      swizzleFixed(ba, i8x16(-128, -128, 4, 12, -128, -128, 5, 13, -128, -128, 6, 14, -128, -128, 7, 15)),
    ),
    16,
  );
}

/** Converts `count` × 16 pixels of full-resolution lines: Y unsigned, Cb and Cr signed. */
export function colourLine(luma: usize, cb: usize, cr: usize, at: usize, count: i32): void {
  const redByCr = i16x8.splat(RED_BY_CR);
  const blueByCb = i16x8.splat(BLUE_BY_CB);
  const crByCb = i16x8.splat(CR_BY_CB);
  const greenByCr = i16x8.splat(GREEN_BY_CR);
  const sixteen = i16x8.splat(16);
  for (let i = count << 1; i > 0; i--) {
    const y = v128.load8x8_u(luma);
    const b = i16x8.mul(v128.load8x8_s(cb), sixteen);
    const r = i16x8.mul(v128.load8x8_s(cr), sixteen);
    const g = i16x8.add(r, mulHigh(b, crByCb));
    storePixels(
      at,
      i16x8.add(y, mulHigh(r, redByCr)),
      i16x8.sub(y, mulHigh(g, greenByCr)),
      i16x8.add(y, mulHigh(b, blueByCb)),
    );
    luma += 8;
    cb += 8;
    cr += 8;
    at += 32;
  }
}

/** Converts `count` × 16 pixels of an RGB picture: the first line unsigned, the others signed. */
export function rgbLine(red: usize, green: usize, blue: usize, at: usize, count: i32): void {
  const level = i16x8.splat(128);
  for (let i = count << 1; i > 0; i--) {
    storePixels(
      at,
      v128.load8x8_u(red),
      i16x8.add(v128.load8x8_s(green), level),
      i16x8.add(v128.load8x8_s(blue), level),
    );
    red += 8;
    green += 8;
    blue += 8;
    at += 32;
  }
}

/** Converts `count` × 16 grey pixels. */
export function greyLine(luma: usize, at: usize, count: i32): void {
  const opaque = i32x4.splat(0xff000000);
  for (let i = count; i > 0; i--) {
    const y = v128.load(luma);
    v128.store(at, v128.or(opaque, swizzleFixed(y, i8x16(0, 0, 0, -128, 1, 1, 1, -128, 2, 2, 2, -128, 3, 3, 3, -128))));
    v128.store(
      at,
      v128.or(opaque, swizzleFixed(y, i8x16(4, 4, 4, -128, 5, 5, 5, -128, 6, 6, 6, -128, 7, 7, 7, -128))),
      16,
    );
    v128.store(
      at,
      v128.or(opaque, swizzleFixed(y, i8x16(8, 8, 8, -128, 9, 9, 9, -128, 10, 10, 10, -128, 11, 11, 11, -128))),
      32,
    );
    v128.store(
      at,
      v128.or(opaque, swizzleFixed(y, i8x16(12, 12, 12, -128, 13, 13, 13, -128, 14, 14, 14, -128, 15, 15, 15, -128))),
      48,
    );
    luma += 16;
    at += 64;
  }
}
