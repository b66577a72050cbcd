// Huffman coding of quantised blocks (T.81 F.1.2) into 32-bit words, without byte stuffing.
//
// Input: coefficients and non-zero masks of one group (quantise.ts), the symbol tables of the state (huffman-tables.ts), and the
// DC predictions and pending bits of the scratch. Output: words whose highest bit is the first bit of the stream; bit-writer.ts
// converts them to bytes.
//
// A symbol is bits << 6 | length: code and amplitude bits together. Shifts and sums use the low six bits only, so that the length
// need not be extracted. The mask has the position of the next non-zero coefficient, so that zeros cost nothing. Its last bit is
// always set and means position 64, which contains a zero: a value of 0 after a run is the end of block, and a value of 0 without
// a run (the last coefficient was coded) is an empty symbol. A block is therefore a plain list of symbols. The loop takes two at
// a time with one check for a full word: 31 pending bits and two symbols of at most 16 bits fit 64 bits. The table marks the
// symbols that do not fit (runs from 16 on, longer codes). They take a slower path.
//
// The table has a row for every value that 8-bit samples can give, -1024 to 1023; most rows are never read.
//
// The loop stores every word, full or not; only a full word advances the position.

import {
  COEFFICIENT_BLOCK_BYTES,
  SCRATCH_COEFFICIENTS,
  SCRATCH_DC,
  SCRATCH_DC_PREDICTION,
  SCRATCH_MASKS,
  SCRATCH_PENDING_BITS,
  SCRATCH_PENDING_COUNT,
  STATE_AC_CODES,
  STATE_AC_SYMBOLS,
  STATE_BLOCKS_PER_MCU,
  STATE_DC_SYMBOLS,
  STATE_LUMA_BLOCKS,
  SYMBOL_TABLE_BYTES,
} from "./layout";

/** Sets the DC predictions to their values at the start of an interval (F.1.1.5.1). */
export function forgetDc(scratch: usize): void {
  store<i32>(scratch, 0, SCRATCH_DC_PREDICTION);
  store<i32>(scratch, 0, SCRATCH_DC_PREDICTION + 4);
  store<i32>(scratch, 0, SCRATCH_DC_PREDICTION + 8);
}

/** Returns the value of each MCU's predecessor: [before, lanes 0 to 6]. */
function predecessors(dc: v128, before: i32): v128 {
  const shifted = v128.shuffle<u8>(dc, dc, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13);
  return i16x8.replace_lane(shifted, 0, <i16>before);
}

/**
 * Replaces the DC coefficients of a group by their differences (F.1.2.1.1), eight MCUs at once, as if no interval began in the
 * group; restartDc() corrects that. Keeps the original coefficients in SCRATCH_DC.
 */
export function predictDc(state: usize, scratch: usize): void {
  const lumaBlocks = <usize>load<i32>(state, STATE_LUMA_BLOCKS);
  const blocks = <usize>load<i32>(state, STATE_BLOCKS_PER_MCU);
  let coefficients = scratch + SCRATCH_COEFFICIENTS;
  const last = v128.load(coefficients + (lumaBlocks - 1) * COEFFICIENT_BLOCK_BYTES);
  let before = predecessors(last, load<i32>(scratch, SCRATCH_DC_PREDICTION));
  store<i32>(scratch, i16x8.extract_lane_s(last, 7), SCRATCH_DC_PREDICTION);
  for (let block: usize = 0; block < blocks; block++) {
    const dc = v128.load(coefficients);
    if (block >= lumaBlocks) {
      const prediction = scratch + ((block - lumaBlocks + 1) << 2);
      before = predecessors(dc, load<i32>(prediction, SCRATCH_DC_PREDICTION));
      store<i32>(prediction, i16x8.extract_lane_s(dc, 7), SCRATCH_DC_PREDICTION);
    }
    v128.store(scratch + (block << 4), dc, SCRATCH_DC);
    v128.store(coefficients, i16x8.sub(dc, before));
    before = dc;
    coefficients += COEFFICIENT_BLOCK_BYTES;
  }
}

/** Restores the first DC coefficients of MCU `lane` of the group, because an interval begins with it. */
export function restartDc(state: usize, scratch: usize, lane: i32): void {
  const lumaBlocks = <usize>load<i32>(state, STATE_LUMA_BLOCKS);
  const blocks = <usize>load<i32>(state, STATE_BLOCKS_PER_MCU);
  const dc = scratch + ((<usize>lane) << 1);
  for (let block: usize = 0; block < blocks; block += block == 0 ? lumaBlocks : 1) {
    store<i16>(dc + block * COEFFICIENT_BLOCK_BYTES, load<i16>(dc + (block << 4), SCRATCH_DC), SCRATCH_COEFFICIENTS);
  }
}

/**
 * Encodes MCUs `firstLane` to `endLane` - 1 of the group in the scratch; words go to `word`.
 * Returns the address after the last full word.
 */
export function entropyEncode(state: usize, scratch: usize, firstLane: i32, endLane: i32, word: usize): usize {
  const blocks = load<i32>(state, STATE_BLOCKS_PER_MCU);
  const lumaBlocks = load<i32>(state, STATE_LUMA_BLOCKS);
  let pending = load<u64>(scratch, SCRATCH_PENDING_BITS);
  let count: u32 = load<u32>(scratch, SCRATCH_PENDING_COUNT);
  for (let lane = firstLane; lane < endLane; lane++) {
    let coefficients = scratch + SCRATCH_COEFFICIENTS + ((<usize>lane) << 1);
    let maskAddress = scratch + SCRATCH_MASKS + ((<usize>lane) << 3);
    for (let block = 0; block < blocks; block++) {
      const tables = block < lumaBlocks ? state : state + SYMBOL_TABLE_BYTES;
      let mask = load<u64>(maskAddress);

      let symbol = load<u32>(tables + ((<i32>load<i16>(coefficients)) << 2), STATE_DC_SYMBOLS);
      pending = (pending << (<u64>symbol)) | (<u64>(symbol >>> 6));
      count += symbol;
      store<u32>(word, <u32>(pending >>> (<u64>count - 32)));
      word += (count >>> 3) & 4;
      count &= 31;

      let next = 0;
      for (;;) {
        let k: i32;
        let value: i32;
        let run: i32;
        do {
          k = <i32>ctz(mask);
          mask &= mask - 1;
          value = <i32>load<i16>(coefficients + ((<usize>k) << 4), 16);
          run = k - next;
          next = k + 1;
          symbol = load<u32>(tables + ((value << 8) + (run << 2)), STATE_AC_SYMBOLS);
          if (<i32>symbol < 0) break;
          pending = (pending << (<u64>symbol)) | (<u64>(symbol >>> 6));
          count += symbol;

          k = <i32>ctz(mask);
          mask &= mask - 1;
          value = <i32>load<i16>(coefficients + ((<usize>k) << 4), 16);
          run = k - next;
          next = k + 1;
          symbol = load<u32>(tables + ((value << 8) + (run << 2)), STATE_AC_SYMBOLS);
          if (<i32>symbol < 0) break;
          pending = (pending << (<u64>symbol)) | (<u64>(symbol >>> 6));
          count += symbol;

          store<u32>(word, <u32>(pending >>> (<u64>count - 32)));
          word += (count >>> 3) & 4;
          count &= 31;
        } while (mask != 0);
        // At the end of a block the mask is empty. Otherwise the next coefficient needs several symbols, or a long one.
        if (mask == 0) break;

        const codes = state + STATE_AC_CODES + (block < lumaBlocks ? 0 : 1024);
        for (;;) {
          store<u32>(word, <u32>(pending >>> (<u64>count - 32)));
          word += (count >>> 3) & 4;
          count &= 31;
          if (run < 16) break;
          symbol = load<u32>(codes, 0xf0 << 2);
          pending = (pending << (<u64>symbol)) | (<u64>(symbol >>> 6));
          count += symbol & 63;
          run -= 16;
        }
        const sign = value >> 31;
        const size = min(32 - clz((value ^ sign) - sign), 10);
        symbol = load<u32>(codes + ((run << 6) + (size << 2)));
        pending =
          (((pending << (<u64>symbol)) | (<u64>(symbol >>> 6))) << size) | (<u64>((value + sign) & ((1 << size) - 1)));
        count += (symbol & 63) + size;
        store<u32>(word, <u32>(pending >>> (<u64>count - 32)));
        word += (count >>> 3) & 4;
        count &= 31;
      }

      coefficients += COEFFICIENT_BLOCK_BYTES;
      maskAddress += 64;
    }
  }
  store<u64>(scratch, pending, SCRATCH_PENDING_BITS);
  store<u32>(scratch, count, SCRATCH_PENDING_COUNT);
  return word;
}
