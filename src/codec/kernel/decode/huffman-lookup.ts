// Builds Huffman decode tables from a DHT (T.81 C.2, F.2.2.3) if the DHT differs from the one that they were built from.
//
// DC: 2^DC_BITS u32, indexed by the next bits: bits 0-7 total length (code and difference bits; 0: too long for the look-up),
//     bits 8-15 that length plus EOB's if the EOB of the AC table follows and fits, else 0; bits 16-31 the extended difference.
//     If too long: bits 8-15 code length (0: longer than the look-up), bits 16-31 the category.
// AC: 2^AC_BITS entries of 8 bytes with up to two symbols each:
//     byte 0    length of both, code and amplitude bits (0: too long for the look-up)
//     byte 1    length of the first symbol alone
//     byte 2-3  zigzag step of the first, times 4 (the size of a dequantisation entry); EOB is a step of 64
//     byte 4-5  extended value of the first
//     byte 6    zigzag step of the second, times 4; EOB is a step of 63, which leaves the block from any position after a coefficient
//     byte 7    extended value of the second
//     An entry with one symbol repeats it with a step of 0, so that the loop always stores twice, without a branch.
//     If too long: byte 1 the code's length (0: longer than the look-up), 2-3 the step, 4-5 the category.
// Codes that are longer than the look-up are found by the limit of each length, left-aligned to 16 bits.

import {
  AC_BITS,
  CANONICAL_BYTES,
  CANONICAL_END_OF_BLOCK,
  CANONICAL_LIMIT,
  CANONICAL_OFFSET,
  DC_BITS,
  DHT_PRESENT,
  DHT_VALUES,
  LOOKUP_WORK,
} from "./layout";

/** The zigzag step for EOB. It leaves the block from any position. */
export const STEP_EOB: u32 = 64;

/** Whether `table` was built from exactly this DHT. */
export function isBuiltFrom(table: usize, dht: usize): bool {
  if (load<u32>(table + DHT_PRESENT) == 0) return false;
  for (let i = 0; i < DHT_PRESENT; i += 8) {
    if (load<u64>(table + i) != load<u64>(dht + i)) return false;
  }
  return true;
}

/**
 * Copies the DHT, computes the limit of each code length, and fills `work` with u16 (value << 8 | length) for codes of up to
 * `bits`.
 */
function buildCanonical(table: usize, dht: usize, work: usize, bits: i32): void {
  memory.copy(table, dht, DHT_PRESENT);
  store<u32>(table + DHT_PRESENT, 1);
  memory.fill(work, 0, 2 << bits);
  let code: u32 = 0;
  let index: u32 = 0;
  for (let length = 1; length <= 16; length++) {
    const count = <u32>load<u8>(dht + length - 1);
    store<i32>(table + CANONICAL_OFFSET + length * 4, <i32>index - <i32>code);
    if (length <= bits) {
      const repeat: u32 = 1 << (bits - length);
      for (let i: u32 = 0; i < count; i++) {
        const entry = ((<u32>load<u8>(dht + DHT_VALUES + index + i)) << 8) | length;
        const first = (code + i) << (bits - length);
        for (let j: u32 = 0; j < repeat; j++) store<u16>(work + ((first + j) << 1), <u16>entry);
      }
    }
    index += count;
    code += count;
    store<u32>(table + CANONICAL_LIMIT + length * 4, code << (16 - length));
    code <<= 1;
  }
}

/** Returns the value of `size` amplitude bits (F.2.2.1, EXTEND). */
export function extend(bits: i32, size: i32): i32 {
  return size == 0 ? 0 : bits < 1 << (size - 1) ? bits - (1 << size) + 1 : bits;
}

/** Returns the code of EOB (end of block) in an AC DHT as length << 16 | code, or 0 if it has none. */
export function endOfBlockCode(dht: usize): u32 {
  let code: u32 = 0;
  let index: u32 = 0;
  for (let length: u32 = 1; length <= 16; length++) {
    const count = <u32>load<u8>(dht + length - 1);
    for (let i: u32 = 0; i < count; i++) {
      if (load<u8>(dht + DHT_VALUES + index + i) == 0) return (length << 16) | (code + i);
    }
    index += count;
    code = (code + count) << 1;
  }
  return 0;
}

/** Whether the DC look-up at `table` was built from this DHT and this code of EOB. */
export function isDcBuiltFrom(table: usize, dht: usize, endOfBlock: u32): bool {
  return load<u32>(table + CANONICAL_END_OF_BLOCK) == endOfBlock && isBuiltFrom(table, dht);
}

/** Builds the DC look-up at `table` from the DHT at `dht` unless it is up to date. */
export function buildDcLookup(state: usize, table: usize, dht: usize, endOfBlock: u32): void {
  if (isDcBuiltFrom(table, dht, endOfBlock)) return;
  const work = state + LOOKUP_WORK;
  buildCanonical(table, dht, work, DC_BITS);
  store<u32>(table + CANONICAL_END_OF_BLOCK, endOfBlock);
  const endLength = <i32>(endOfBlock >> 16);
  const endCode = <i32>(endOfBlock & 0xffff);
  for (let i = 0; i < 1 << DC_BITS; i++) {
    const entry = <i32>load<u16>(work + (i << 1));
    const length = entry & 255;
    const size = (entry >> 8) & 15;
    const total = length + size;
    let result: u32 = 0;
    if (length != 0) {
      if (total <= DC_BITS) {
        const bits = (i >> (DC_BITS - total)) & ((1 << size) - 1);
        result = (<u32>total) | (extend(bits, size) << 16);
        const left = DC_BITS - total - endLength;
        if (endLength != 0 && left >= 0 && ((i >> left) & ((1 << endLength) - 1)) == endCode)
          result |= (total + endLength) << 8;
      } else {
        result = (length << 8) | (size << 16);
      }
    }
    store<u32>(table + CANONICAL_BYTES + (i << 2), result);
  }
}

/** Builds the AC look-up at `table` from the DHT at `dht` unless it is up to date. */
export function buildAcLookup(state: usize, table: usize, dht: usize): void {
  if (isBuiltFrom(table, dht)) return;
  const work = state + LOOKUP_WORK;
  buildCanonical(table, dht, work, AC_BITS);
  const full = (1 << AC_BITS) - 1;
  for (let i = 0; i <= full; i++) {
    const entry = table + CANONICAL_BYTES + (i << 3);
    const first = <i32>load<u16>(work + (i << 1));
    const length = first & 255;
    const size = (first >> 8) & 15;
    const step = stepOf(first >> 8);
    const used = length + size;
    store<u64>(entry, 0);
    if (length == 0) continue;
    const value = used <= AC_BITS ? extend((i >> (AC_BITS - used)) & ((1 << size) - 1), size) : 0;
    store<u16>(entry, <u16>(step << 2), 2);
    // The symbol is too long, or its value is too large for byte 7. (Only custom tables have such short codes for such large
    // values.)
    if (used > AC_BITS || value < -128 || value > 127) {
      store<u8>(entry, <u8>length, 1);
      store<u16>(entry, <u16>size, 4);
      continue;
    }
    store<u8>(entry, <u8>used, 1);
    store<i16>(entry, <i16>value, 4);
    let both = used;
    let nextStep: u32 = 0;
    let nextValue = value;
    if (step != STEP_EOB) {
      const rest = (i << used) & full;
      const second = <i32>load<u16>(work + (rest << 1));
      const secondLength = second & 255;
      const secondSize = (second >> 8) & 15;
      const secondUsed = secondLength + secondSize;
      if (secondLength != 0 && used + secondUsed <= AC_BITS) {
        const candidate = extend((rest >> (AC_BITS - secondUsed)) & ((1 << secondSize) - 1), secondSize);
        if (candidate >= -128 && candidate <= 127) {
          nextStep = min(stepOf(second >> 8), STEP_EOB - 1);
          nextValue = candidate;
          both += secondUsed;
        }
      }
    }
    store<u8>(entry, <u8>both);
    store<u8>(entry, <u8>(nextStep << 2), 6);
    store<i8>(entry, <i8>nextValue, 7);
  }
}

/**
 * Returns the zigzag step of a run/size symbol, which leads over the run to the coefficient. ZRL is a step of sixteen. Size 0
 * with any other run is EOB.
 */
export function stepOf(symbol: i32): u32 {
  if ((symbol & 15) == 0 && symbol != 0xf0) return STEP_EOB;
  return (symbol >> 4) + 1;
}

/**
 * Returns the symbol and the length of a code that is longer than a look-up of ten bits, as value << 8 | length, or 0 if no code
 * begins with these bits. `next16` are the next sixteen bits. The length is computed without a loop, because the processor would
 * often mispredict the loop's end.
 */
export function longCode(table: usize, next16: u32): u32 {
  const length =
    11 +
    u32(next16 >= load<u32>(table, CANONICAL_LIMIT + 11 * 4)) +
    u32(next16 >= load<u32>(table, CANONICAL_LIMIT + 12 * 4)) +
    u32(next16 >= load<u32>(table, CANONICAL_LIMIT + 13 * 4)) +
    u32(next16 >= load<u32>(table, CANONICAL_LIMIT + 14 * 4)) +
    u32(next16 >= load<u32>(table, CANONICAL_LIMIT + 15 * 4)) +
    u32(next16 >= load<u32>(table, CANONICAL_LIMIT + 16 * 4));
  if (length > 16) return 0;
  const index = <i32>(next16 >> (16 - length)) + load<i32>(table + CANONICAL_OFFSET + length * 4);
  return ((<u32>load<u8>(table + DHT_VALUES + (index & 255))) << 8) | length;
}
