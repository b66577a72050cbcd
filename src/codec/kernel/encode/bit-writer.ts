// Writes 32-bit words as the bytes of an entropy-coded segment: byte order, stuffing (T.81 F.1.2.3), and 1-bits as padding at
// the end of a restart interval (T.81 F.1.2.3, E.1.4).
//
// Each iteration writes sixteen bytes. Only a vector with an X'FF' is processed byte by byte. The caller's target must have
// memory for twice the words and 32 bytes more.

import { SCRATCH_PENDING_BITS, SCRATCH_PENDING_COUNT } from "./layout";

/** Clears the pending bits, because an interval begins at a byte boundary. */
export function forgetBits(scratch: usize): void {
  store<u64>(scratch, 0, SCRATCH_PENDING_BITS);
  store<i32>(scratch, 0, SCRATCH_PENDING_COUNT);
}

/** Writes the words from `word` to `end` as stuffed bytes at `target`; returns the address after them. */
export function writeWords(word: usize, end: usize, target: usize): usize {
  while (word + 16 <= end) {
    const words = v128.load(word);
    const bytes = v128.shuffle<u8>(words, words, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);
    const stuffed = i8x16.bitmask(i8x16.eq(bytes, i8x16.splat(-1)));
    v128.store(target, bytes);
    if (stuffed != 0) {
      target = writeStuffed(word, word + 16, target);
    } else {
      target += 16;
    }
    word += 16;
  }
  return writeStuffed(word, end, target);
}

/** Does the work of writeWords() byte by byte. */
function writeStuffed(word: usize, end: usize, target: usize): usize {
  while (word < end) {
    const bits = load<u32>(word);
    target = writeByte(bits >>> 24, target);
    target = writeByte((bits >>> 16) & 255, target);
    target = writeByte((bits >>> 8) & 255, target);
    target = writeByte(bits & 255, target);
    word += 4;
  }
  return target;
}

function writeByte(byte: u32, target: usize): usize {
  // Always stores the zero, and counts it only after X'FF'.
  store<u16>(target, <u16>byte);
  return target + (byte == 255 ? 2 : 1);
}

/** Ends an interval: writes the pending bits, padded with 1-bits to a byte. Returns the address after them. */
export function endInterval(scratch: usize, target: usize): usize {
  const pending = load<u64>(scratch, SCRATCH_PENDING_BITS);
  let count = load<i32>(scratch, SCRATCH_PENDING_COUNT);
  const padding = -count & 7;
  const bits = (pending << padding) | (<u64>((1 << padding) - 1));
  count += padding;
  while (count > 0) {
    count -= 8;
    target = writeByte((<u32>(bits >>> count)) & 255, target);
  }
  return target;
}
