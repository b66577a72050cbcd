// Half-size pictures: each 2 × 2 samples become their mean, (a + b + c + d + 2) >> 2, plane by plane.
//
// An odd last column or row counts twice. A step converts 32 bytes of each of two rows to 16 bytes. The last step of a row moves
// back to end with the last complete pair, so that no byte outside the rows is read or written. Source and target must not
// overlap.

import {
  STATUS_ROW_RANGE,
  STATUS_ROW_TOO_SHORT,
  STATUS_SIZE_OUT_OF_RANGE,
  STATUS_UNKNOWN_PIXEL_FORMAT,
} from "../status";

/** Converts sums of four to means in eight 16-bit lanes. */
function meanOfFour(sums: v128): v128 {
  return i16x8.shr_u(i16x8.add(sums, i16x8.splat(2)), 2);
}

/** Adds the even bytes of two rows. Returns 8 sums of two bytes each. */
function evenBytes(upper: v128, lower: v128): v128 {
  const mask = i16x8.splat(255);
  return i16x8.add(v128.and(upper, mask), v128.and(lower, mask));
}

function oddBytes(upper: v128, lower: v128): v128 {
  return i16x8.add(i16x8.shr_u(upper, 8), i16x8.shr_u(lower, 8));
}

/** Interleaves two vectors of four sums to one of eight. */
function byTurns(first: v128, second: v128): v128 {
  return v128.or(first, i32x4.shl(second, 16));
}

/**
 * Converts 16 bytes of each of two rows to eight 16-bit means. LAYOUT has the size of a pixel: u8 planar, u16 pairs of chroma,
 * u32 RGBA; f32 means YUYV.
 */
function halveVector<LAYOUT>(upper: v128, lower: v128): v128 {
  if (isFloat<LAYOUT>()) {
    const ones = i16x8.splat(1);
    const chroma = oddBytes(upper, lower); // U V U V …
    const paired = v128.shuffle<u16>(chroma, chroma, 0, 2, 1, 3, 4, 6, 5, 7);
    return meanOfFour(byTurns(i32x4.dot_i16x8_s(evenBytes(upper, lower), ones), i32x4.dot_i16x8_s(paired, ones)));
  }
  if (sizeof<LAYOUT>() == 1) return meanOfFour(i16x8.add(evenBytes(upper, lower), oddBytes(upper, lower)));
  if (sizeof<LAYOUT>() == 2) {
    const ones = i16x8.splat(1);
    const first = i32x4.dot_i16x8_s(evenBytes(upper, lower), ones);
    return meanOfFour(byTurns(first, i32x4.dot_i16x8_s(oddBytes(upper, lower), ones)));
  }
  const left = i16x8.add(i16x8.extend_low_i8x16_u(upper), i16x8.extend_low_i8x16_u(lower));
  const right = i16x8.add(i16x8.extend_high_i8x16_u(upper), i16x8.extend_high_i8x16_u(lower));
  return meanOfFour(i16x8.add(v128.shuffle<u64>(left, right, 0, 2), v128.shuffle<u64>(left, right, 1, 3)));
}

/**
 * Writes the first `bytes` bytes of a target row, whole pixels of whole pairs. Returns their number; 0 if they are fewer than 16.
 */
function halveVectors<LAYOUT>(upper: usize, lower: usize, target: usize, bytes: usize): usize {
  if (bytes < 16) return 0;
  const last = bytes - 16;
  let at: usize = 0;
  while (true) {
    const from = at << 1;
    const left = halveVector<LAYOUT>(v128.load(upper + from), v128.load(lower + from));
    const right = halveVector<LAYOUT>(v128.load(upper + from, 16), v128.load(lower + from, 16));
    v128.store(target + at, i8x16.narrow_i16x8_u(left, right));
    if (at == last) return bytes;
    at = min(at + 16, last);
  }
  return bytes;
}

/** Returns the mean of four bytes, which are at two offsets in two rows. */
function mean(upper: usize, lower: usize, first: usize, second: usize): u8 {
  return <u8>(
    ((<u32>load<u8>(upper + first) +
      <u32>load<u8>(upper + second) +
      <u32>load<u8>(lower + first) +
      <u32>load<u8>(lower + second) +
      2) >>
      2)
  );
}

/** Returns 0, or the status that explains why these rows cannot be halved. */
function checkRows(width: i32, height: i32, firstRow: i32, rows: i32): i32 {
  if (width < 1 || width > 8192 || height < 1 || height > 8192) return STATUS_SIZE_OUT_OF_RANGE;
  const available = (height + 1) >> 1;
  return firstRow < 0 || rows < 0 || firstRow > available || rows > available - firstRow ? STATUS_ROW_RANGE : 0;
}

/**
 * Halves a plane: writes rows `firstRow` to `firstRow` + `rows` - 1 of the target. The target has ⌈width / 2⌉ × ⌈height / 2⌉
 * pixels; pixels of source and target have `samplesPerPixel` bytes (1 to 4). Returns 0 or a negative status.
 */
export function halvePlane(
  source: usize,
  sourceRowBytes: usize,
  sourceWidth: i32,
  sourceHeight: i32,
  target: usize,
  targetRowBytes: usize,
  firstRow: i32,
  rows: i32,
  samplesPerPixel: i32,
): i32 {
  const status = checkRows(sourceWidth, sourceHeight, firstRow, rows);
  if (status < 0) return status;
  const step = <usize>samplesPerPixel;
  const sourceBytes = <usize>sourceWidth * step;
  const targetBytes = <usize>((sourceWidth + 1) >> 1) * step;
  const wholeBytes = <usize>(sourceWidth >> 1) * step;
  if (step < 1 || step > 4) return STATUS_UNKNOWN_PIXEL_FORMAT;
  if (sourceRowBytes < sourceBytes || targetRowBytes < targetBytes) return STATUS_ROW_TOO_SHORT;
  for (let row = firstRow; row < firstRow + rows; row++) {
    const upper = source + <usize>(row * 2) * sourceRowBytes;
    const lower = source + <usize>min(row * 2 + 1, sourceHeight - 1) * sourceRowBytes;
    const to = target + <usize>row * targetRowBytes;
    let at: usize = 0;
    if (step == 1) at = halveVectors<u8>(upper, lower, to, wholeBytes);
    else if (step == 2) at = halveVectors<u16>(upper, lower, to, wholeBytes);
    else if (step == 4) at = halveVectors<u32>(upper, lower, to, wholeBytes);
    for (; at < targetBytes; at += step) {
      const first = at << 1;
      const second = at < wholeBytes ? first + step : first;
      for (let sample: usize = 0; sample < step; sample++) {
        store<u8>(to + at + sample, mean(upper, lower, first + sample, second + sample));
      }
    }
  }
  return 0;
}

/**
 * Halves a packed Y0 U Y1 V picture: writes rows `firstRow` to `firstRow` + `rows` - 1 of the target of ⌈width / 2⌉ ×
 * ⌈height / 2⌉ pixels. If its width is odd, the second luma of the last pair repeats the first. Returns 0 or a negative status.
 */
export function halveYuyv(
  source: usize,
  sourceRowBytes: usize,
  sourceWidth: i32,
  sourceHeight: i32,
  target: usize,
  targetRowBytes: usize,
  firstRow: i32,
  rows: i32,
): i32 {
  const status = checkRows(sourceWidth, sourceHeight, firstRow, rows);
  if (status < 0) return status;
  const sourceBytes = <usize>((sourceWidth + 1) >> 1) * 4;
  const targetBytes = <usize>((sourceWidth + 3) >> 2) * 4;
  const wholeBytes = <usize>(sourceWidth >> 2) * 4;
  if (sourceRowBytes < sourceBytes || targetRowBytes < targetBytes) return STATUS_ROW_TOO_SHORT;
  for (let row = firstRow; row < firstRow + rows; row++) {
    const upper = source + <usize>(row * 2) * sourceRowBytes;
    const lower = source + <usize>min(row * 2 + 1, sourceHeight - 1) * sourceRowBytes;
    const to = target + <usize>row * targetRowBytes;
    for (let at = halveVectors<f32>(upper, lower, to, wholeBytes); at < targetBytes; at += 4) {
      // Luma samples are two bytes apart. The last pair of target pixels may be made of fewer than four source pixels.
      const from = at << 1;
      const lastLuma = <usize>(sourceWidth - 1) * 2;
      const secondPair = min(from + 4, sourceBytes - 4);
      const luma = mean(upper, lower, from, min(from + 2, lastLuma));
      store<u8>(to + at, luma);
      store<u8>(to + at, from + 4 > lastLuma ? luma : mean(upper, lower, from + 4, min(from + 6, lastLuma)), 2);
      store<u8>(to + at, mean(upper, lower, from + 1, secondPair + 1), 1);
      store<u8>(to + at, mean(upper, lower, from + 3, secondPair + 3), 3);
    }
  }
  return 0;
}
