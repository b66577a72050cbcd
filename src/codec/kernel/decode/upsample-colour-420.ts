// Converts 4:2:0 to RGBA without intermediate planes: upsampling (see upsample.ts) and colour (see colour-inverse.ts) of two
// lines of pixels.
//
// Fancy: the two lines are between two lines of chroma, and each is nearer to one of them. Each chroma line is filtered
// horizontally once and used for both. Box: the two lines share one line of chroma, and the colour terms are computed once for
// each sample.

import { BLUE_BY_CB, CR_BY_CB, GREEN_BY_CR, RED_BY_CR, storePixels } from "./colour-inverse";
import { CHROMA_BYTES, CHROMA_SIXTEENS } from "./layout";
import { mulHigh, swizzleFixed, triangleHigh, triangleLow } from "./lanes";

/**
 * Converts `count` × 16 pixels of the two lines between two chroma lines. Luma and pixel addresses are those of the first pixel;
 * chroma addresses are those of the sample left of the first. `terms` is memory for CHROMA_SIXTEENS of chroma: upsampling and
 * colour are separate loops, because their constants together do not fit into sixteen registers.
 */
export function fancyLines(
  lumaA: usize,
  lumaB: usize,
  cbA: usize,
  cbB: usize,
  crA: usize,
  crB: usize,
  atA: usize,
  atB: usize,
  count: i32,
  terms: usize,
): void {
  while (count > 0) {
    const part = min(count, CHROMA_SIXTEENS);
    filterTwoLines(cbA, cbB, terms, part);
    filterTwoLines(crA, crB, terms + 64, part);
    colourSixteens(lumaA, terms, atA, part);
    colourSixteens(lumaB, terms + 32, atB, part);
    const samples = (<usize>part) << 3;
    cbA += samples;
    cbB += samples;
    crA += samples;
    crB += samples;
    lumaA += samples << 1;
    lumaB += samples << 1;
    atA += samples << 3;
    atB += samples << 3;
    count -= part;
  }
}

/**
 * Upsamples one chroma component. Each sample is rounded to a whole level, like in libjpeg, and stored in two bytes as 16 times the
 * level. Each of the two lines takes 32 bytes per 16 pixels.
 */
function filterTwoLines(near: usize, far: usize, terms: usize, count: i32): void {
  const bias = i16x8(8, 7, 8, 7, 8, 7, 8, 7);
  const whole = i16x8.splat(-16);
  for (let i = count; i > 0; i--) {
    const a = v128.load(near);
    const b = v128.load(far);
    const a0 = triangleLow(a);
    const b0 = triangleLow(b);
    const sum0 = i16x8.add(i16x8.add(a0, b0), bias);
    v128.store(terms, v128.and(i16x8.add(sum0, i16x8.add(a0, a0)), whole), 0);
    v128.store(terms, v128.and(i16x8.add(sum0, i16x8.add(b0, b0)), whole), 32);
    const a1 = triangleHigh(a);
    const b1 = triangleHigh(b);
    const sum1 = i16x8.add(i16x8.add(a1, b1), bias);
    v128.store(terms, v128.and(i16x8.add(sum1, i16x8.add(a1, a1)), whole), 16);
    v128.store(terms, v128.and(i16x8.add(sum1, i16x8.add(b1, b1)), whole), 48);
    near += 8;
    far += 8;
    terms += CHROMA_BYTES;
  }
}

/** Converts the colour of one line. For each 16 pixels, Cb is at `terms` and Cr 64 bytes after it. */
function colourSixteens(luma: usize, terms: usize, at: usize, count: i32): void {
  for (let i = count; i > 0; i--) {
    colourEight(v128.load8x8_u(luma), v128.load(terms), v128.load(terms, 64), at);
    colourEight(v128.load8x8_u(luma, 8), v128.load(terms, 16), v128.load(terms, 80), at + 32);
    luma += 16;
    terms += CHROMA_BYTES;
    at += 64;
  }
}

/** Computes eight pixels from luma and from chroma times 16. */
function colourEight(y: v128, b: v128, r: v128, at: usize): void {
  const g = i16x8.add(r, mulHigh(b, i16x8.splat(CR_BY_CB)));
  storePixels(
    at,
    i16x8.add(y, mulHigh(r, i16x8.splat(RED_BY_CR))),
    i16x8.sub(y, mulHigh(g, i16x8.splat(GREEN_BY_CR))),
    i16x8.add(y, mulHigh(b, i16x8.splat(BLUE_BY_CB))),
  );
}

/** Converts `count` × 16 pixels of the two lines that share a chroma line; `terms` as for fancyLines. */
export function boxLines(
  lumaA: usize,
  lumaB: usize,
  cb: usize,
  cr: usize,
  atA: usize,
  atB: usize,
  count: i32,
  terms: usize,
): void {
  while (count > 0) {
    const part = min(count, CHROMA_SIXTEENS);
    repeatTerms(cb, cr, terms, part);
    addTerms(lumaA, terms, atA, part);
    addTerms(lumaB, terms, atB, part);
    const samples = (<usize>part) << 3;
    cb += samples;
    cr += samples;
    lumaA += samples << 1;
    lumaB += samples << 1;
    atA += samples << 3;
    atB += samples << 3;
    count -= part;
  }
}

/** Computes the terms of chroma samples for red, green and blue, each repeated once: 32 bytes per 16 pixels for each colour. */
function repeatTerms(cb: usize, cr: usize, terms: usize, count: i32): void {
  const sixteen = i16x8.splat(16);
  const low = i8x16(0, 1, 0, 1, 2, 3, 2, 3, 4, 5, 4, 5, 6, 7, 6, 7);
  const high = i8x16(8, 9, 8, 9, 10, 11, 10, 11, 12, 13, 12, 13, 14, 15, 14, 15);
  for (let i = count; i > 0; i--) {
    const b = i16x8.mul(v128.load8x8_s(cb), sixteen);
    const r = i16x8.mul(v128.load8x8_s(cr), sixteen);
    const red = mulHigh(r, i16x8.splat(RED_BY_CR));
    const green = mulHigh(i16x8.add(r, mulHigh(b, i16x8.splat(CR_BY_CB))), i16x8.splat(GREEN_BY_CR));
    const blue = mulHigh(b, i16x8.splat(BLUE_BY_CB));
    v128.store(terms, swizzleFixed(red, low), 0);
    v128.store(terms, swizzleFixed(red, high), 16);
    v128.store(terms, swizzleFixed(green, low), 32);
    v128.store(terms, swizzleFixed(green, high), 48);
    v128.store(terms, swizzleFixed(blue, low), 64);
    v128.store(terms, swizzleFixed(blue, high), 80);
    cb += 8;
    cr += 8;
    terms += CHROMA_BYTES;
  }
}

/** Computes one line of pixels from luma and the terms of repeatTerms. */
function addTerms(luma: usize, terms: usize, at: usize, count: i32): void {
  for (let i = count; i > 0; i--) {
    let y = v128.load8x8_u(luma);
    storePixels(
      at,
      i16x8.add(y, v128.load(terms)),
      i16x8.sub(y, v128.load(terms, 32)),
      i16x8.add(y, v128.load(terms, 64)),
    );
    y = v128.load8x8_u(luma, 8);
    storePixels(
      at + 32,
      i16x8.add(y, v128.load(terms, 16)),
      i16x8.sub(y, v128.load(terms, 48)),
      i16x8.add(y, v128.load(terms, 80)),
    );
    luma += 16;
    terms += CHROMA_BYTES;
    at += 64;
  }
}
