// The masks of the coefficients that are not zero, for eight blocks at a time.

/** Compares the coefficients of two vectors with zero: the byte of each is -1 if it is zero. */
function zeroBytes(first: v128, second: v128): v128 {
  return i8x16.eq(i8x16.narrow_i16x8_s(first, second), i8x16.splat(0));
}

/** Writes the eight masks of the coefficients at `target` (quantise.ts describes both). */
export function writeMasks(target: usize, masks: usize): void {
  // zerosN: positions 16N + 1 to 16N + 8 of eight lanes, then 16N + 9 to 16N + 16.
  let zeros0 = v128.and(zeroBytes(v128.load(target, 16), v128.load(target, 144)), i8x16.splat(1));
  zeros0 = v128.or(zeros0, v128.and(zeroBytes(v128.load(target, 32), v128.load(target, 160)), i8x16.splat(2)));
  zeros0 = v128.or(zeros0, v128.and(zeroBytes(v128.load(target, 48), v128.load(target, 176)), i8x16.splat(4)));
  zeros0 = v128.or(zeros0, v128.and(zeroBytes(v128.load(target, 64), v128.load(target, 192)), i8x16.splat(8)));
  zeros0 = v128.or(zeros0, v128.and(zeroBytes(v128.load(target, 80), v128.load(target, 208)), i8x16.splat(16)));
  zeros0 = v128.or(zeros0, v128.and(zeroBytes(v128.load(target, 96), v128.load(target, 224)), i8x16.splat(32)));
  zeros0 = v128.or(zeros0, v128.and(zeroBytes(v128.load(target, 112), v128.load(target, 240)), i8x16.splat(64)));
  zeros0 = v128.or(zeros0, v128.and(zeroBytes(v128.load(target, 128), v128.load(target, 256)), i8x16.splat(-128)));
  let zeros1 = v128.and(zeroBytes(v128.load(target, 272), v128.load(target, 400)), i8x16.splat(1));
  zeros1 = v128.or(zeros1, v128.and(zeroBytes(v128.load(target, 288), v128.load(target, 416)), i8x16.splat(2)));
  zeros1 = v128.or(zeros1, v128.and(zeroBytes(v128.load(target, 304), v128.load(target, 432)), i8x16.splat(4)));
  zeros1 = v128.or(zeros1, v128.and(zeroBytes(v128.load(target, 320), v128.load(target, 448)), i8x16.splat(8)));
  zeros1 = v128.or(zeros1, v128.and(zeroBytes(v128.load(target, 336), v128.load(target, 464)), i8x16.splat(16)));
  zeros1 = v128.or(zeros1, v128.and(zeroBytes(v128.load(target, 352), v128.load(target, 480)), i8x16.splat(32)));
  zeros1 = v128.or(zeros1, v128.and(zeroBytes(v128.load(target, 368), v128.load(target, 496)), i8x16.splat(64)));
  zeros1 = v128.or(zeros1, v128.and(zeroBytes(v128.load(target, 384), v128.load(target, 512)), i8x16.splat(-128)));
  let zeros2 = v128.and(zeroBytes(v128.load(target, 528), v128.load(target, 656)), i8x16.splat(1));
  zeros2 = v128.or(zeros2, v128.and(zeroBytes(v128.load(target, 544), v128.load(target, 672)), i8x16.splat(2)));
  zeros2 = v128.or(zeros2, v128.and(zeroBytes(v128.load(target, 560), v128.load(target, 688)), i8x16.splat(4)));
  zeros2 = v128.or(zeros2, v128.and(zeroBytes(v128.load(target, 576), v128.load(target, 704)), i8x16.splat(8)));
  zeros2 = v128.or(zeros2, v128.and(zeroBytes(v128.load(target, 592), v128.load(target, 720)), i8x16.splat(16)));
  zeros2 = v128.or(zeros2, v128.and(zeroBytes(v128.load(target, 608), v128.load(target, 736)), i8x16.splat(32)));
  zeros2 = v128.or(zeros2, v128.and(zeroBytes(v128.load(target, 624), v128.load(target, 752)), i8x16.splat(64)));
  zeros2 = v128.or(zeros2, v128.and(zeroBytes(v128.load(target, 640), v128.load(target, 768)), i8x16.splat(-128)));
  let zeros3 = v128.and(zeroBytes(v128.load(target, 784), v128.load(target, 912)), i8x16.splat(1));
  zeros3 = v128.or(zeros3, v128.and(zeroBytes(v128.load(target, 800), v128.load(target, 928)), i8x16.splat(2)));
  zeros3 = v128.or(zeros3, v128.and(zeroBytes(v128.load(target, 816), v128.load(target, 944)), i8x16.splat(4)));
  zeros3 = v128.or(zeros3, v128.and(zeroBytes(v128.load(target, 832), v128.load(target, 960)), i8x16.splat(8)));
  zeros3 = v128.or(zeros3, v128.and(zeroBytes(v128.load(target, 848), v128.load(target, 976)), i8x16.splat(16)));
  zeros3 = v128.or(zeros3, v128.and(zeroBytes(v128.load(target, 864), v128.load(target, 992)), i8x16.splat(32)));
  zeros3 = v128.or(zeros3, v128.and(zeroBytes(v128.load(target, 880), v128.load(target, 1008)), i8x16.splat(64)));
  zeros3 = v128.or(zeros3, v128.and(zeroBytes(v128.load(target, 896), i16x8.splat(1)), i8x16.splat(-128)));

  // Expands to 64 bits per lane.
  const low0 = v128.shuffle<u8>(zeros0, zeros1, 0, 8, 16, 24, 1, 9, 17, 25, 2, 10, 18, 26, 3, 11, 19, 27);
  const low4 = v128.shuffle<u8>(zeros0, zeros1, 4, 12, 20, 28, 5, 13, 21, 29, 6, 14, 22, 30, 7, 15, 23, 31);
  const high0 = v128.shuffle<u8>(zeros2, zeros3, 0, 8, 16, 24, 1, 9, 17, 25, 2, 10, 18, 26, 3, 11, 19, 27);
  const high4 = v128.shuffle<u8>(zeros2, zeros3, 4, 12, 20, 28, 5, 13, 21, 29, 6, 14, 22, 30, 7, 15, 23, 31);
  v128.store(masks, v128.not(v128.shuffle<u32>(low0, high0, 0, 4, 1, 5)));
  v128.store(masks, v128.not(v128.shuffle<u32>(low0, high0, 2, 6, 3, 7)), 16);
  v128.store(masks, v128.not(v128.shuffle<u32>(low4, high4, 0, 4, 1, 5)), 32);
  v128.store(masks, v128.not(v128.shuffle<u32>(low4, high4, 2, 6, 3, 7)), 48);
}
