// Huffman decoding of MCUs (T.81 F.2.2): bits become dequantised coefficients, one lane for each block.
//
// The bit buffer is a u64 with the next bit on top. A refill is one load, because the bytes are in reverse order (destuff.ts). It
// leaves at least 56 bits: enough for a DC code and two look-ups, or for any code with its amplitude bits.

import { extend, longCode, stepOf } from "./huffman-lookup";
import {
  AC_BITS,
  CANONICAL_BYTES,
  DC_BITS,
  DEQUANTISE_FACTORS,
  FACTOR_FRACTION_BITS,
  PLAN_AC,
  PLAN_BYTES,
  PLAN_DC,
  PLAN_DEQUANTISE,
  PLAN_LANE,
  PLAN_MASK,
  PLAN_PREDICTION,
  READER,
  READER_BITS,
  READER_BUFFER,
} from "./layout";

const HALF = 1 << (FACTOR_FRACTION_BITS - 1);
/** Zigzag position 63, times 4. */
const LAST: usize = 252;

/**
 * Decodes up to `mcus` MCUs of `blocks` blocks each by the plan. Returns the number of complete MCUs, which is lower if the
 * reader is below `limit` and the window needs a refill. Returns -1 minus that number if the next MCU has an invalid code, or if
 * it continues beyond `end`, the end of the segment (0 while unknown). Reads up to MCU_WORST_BYTES too far. It is exported so
 * that the compiler does not inline it: without calls inside, its variables stay in registers.
 */
export function decodeMcus(scratch: usize, plan: usize, mcus: i32, blocks: i32, limit: usize, end: usize): i32 {
  let reader = load<usize>(scratch + READER);
  let buffer = load<u64>(scratch + READER_BUFFER);
  let have = load<u64>(scratch + READER_BITS);
  let block = blocks;
  let mcu = 0;
  while (true) {
    buffer |= load<u64>(reader - 8) >> have;
    reader -= <usize>((63 - have) >> 3);
    have |= 56;
    // DC: the look-up has the difference if it fits, and also EOB if the block is flat.
    const lane = load<usize>(plan, PLAN_LANE);
    const places = load<usize>(plan, PLAN_DEQUANTISE);
    let hasAc = true;
    {
      const table = load<usize>(plan, PLAN_DC);
      const entry = table + ((<usize>(buffer >> (64 - DC_BITS))) << 2);
      let difference = <i32>load<i16>(entry, CANONICAL_BYTES + 2);
      let used = <u64>load<u8>(entry, CANONICAL_BYTES);
      const withEnd = <u64>load<u8>(entry, CANONICAL_BYTES + 1);
      if (used == 0) {
        let length = <u32>withEnd;
        let category = difference;
        if (length == 0) {
          const code = longCode(table, <u32>(buffer >> 48));
          if (code == 0) return -1 - mcu;
          length = code & 255;
          category = (<i32>(code >> 8)) & 15;
        }
        // Two shifts, because a category of 0 shifts by 63 + 1, and a shift by 64 does nothing.
        difference = extend(<i32>(((buffer << (<u64>length)) >> 1) >> (<u64>(63 - category))), category);
        const long = <u64>(<i32>length + category);
        buffer <<= long;
        have -= long;
        buffer |= load<u64>(reader - 8) >> have;
        reader -= <usize>((63 - have) >> 3);
        have |= 56;
      } else if (withEnd != 0) {
        used = withEnd;
        hasAc = false;
      }
      buffer <<= used;
      have -= used;
      const prediction = load<usize>(plan, PLAN_PREDICTION);
      difference += load<i32>(prediction);
      store<i32>(prediction, difference);
      store<i16>(lane, <i16>((difference * load<i32>(places, DEQUANTISE_FACTORS) + HALF) >> FACTOR_FRACTION_BITS));
    }
    if (hasAc) {
      // AC: look-ups of up to two symbols, two look-ups for each refill. The loop checks for the end of the block once per
      // look-up, because a mispredicted branch costs more than anything else here. If the first symbol ended the block, the
      // second one wrote to a vector that is never read, and its bits are returned. Rounding matters: half a step lost in each
      // coefficient can add up to a whole level.
      const table = load<usize>(plan, PLAN_AC) + CANONICAL_BYTES;
      const maskAt = load<usize>(plan, PLAN_MASK);
      const last = places + LAST;
      let at = places;
      let mask: u32 = 0;
      while (true) {
        let entry = table + ((<usize>(buffer >> (64 - AC_BITS))) << 3);
        let both = load<u8>(entry);
        if (both != 0) {
          const first = at + load<u16>(entry, 2);
          let place = load<u32>(first);
          mask |= place;
          store<i16>(
            lane + (place & 0xffff),
            <i16>((<i32>load<i16>(entry, 4) * load<i32>(first, DEQUANTISE_FACTORS) + HALF) >> FACTOR_FRACTION_BITS),
          );
          at = first + load<u8>(entry, 6);
          place = load<u32>(at);
          mask |= place;
          store<i16>(
            lane + (place & 0xffff),
            <i16>((<i32>load<i8>(entry, 7) * load<i32>(at, DEQUANTISE_FACTORS) + HALF) >> FACTOR_FRACTION_BITS),
          );
          if (at >= last) {
            if (first == last) both = load<u8>(entry, 1);
            buffer <<= <u64>both;
            have -= <u64>both;
            break;
          }
          buffer <<= <u64>both;
          have -= <u64>both;
          entry = table + ((<usize>(buffer >> (64 - AC_BITS))) << 3);
          both = load<u8>(entry);
        }
        if (both != 0) {
          const first = at + load<u16>(entry, 2);
          let place = load<u32>(first);
          mask |= place;
          store<i16>(
            lane + (place & 0xffff),
            <i16>((<i32>load<i16>(entry, 4) * load<i32>(first, DEQUANTISE_FACTORS) + HALF) >> FACTOR_FRACTION_BITS),
          );
          at = first + load<u8>(entry, 6);
          place = load<u32>(at);
          mask |= place;
          store<i16>(
            lane + (place & 0xffff),
            <i16>((<i32>load<i8>(entry, 7) * load<i32>(at, DEQUANTISE_FACTORS) + HALF) >> FACTOR_FRACTION_BITS),
          );
          if (at >= last) {
            if (first == last) both = load<u8>(entry, 1);
            buffer <<= <u64>both;
            have -= <u64>both;
            break;
          }
          buffer <<= <u64>both;
          have -= <u64>both;
          buffer |= load<u64>(reader - 8) >> have;
          reader -= <usize>((63 - have) >> 3);
          have |= 56;
          continue;
        }
        // The code or the amplitude is too long for the look-up.
        buffer |= load<u64>(reader - 8) >> have;
        reader -= <usize>((63 - have) >> 3);
        have |= 56;
        let length = <u32>load<u8>(entry, 1);
        let step = <u32>load<u16>(entry, 2);
        let category = <i32>load<u16>(entry, 4);
        if (length == 0) {
          const code = longCode(table - CANONICAL_BYTES, <u32>(buffer >> 48));
          if (code == 0) return -1 - mcu;
          length = code & 255;
          step = stepOf(<i32>(code >> 8)) << 2;
          category = (<i32>(code >> 8)) & 15;
        }
        const value = extend(<i32>(((buffer << (<u64>length)) >> 1) >> (<u64>(63 - category))), category);
        buffer <<= <u64>(length + category);
        have -= <u64>(length + category);
        buffer |= load<u64>(reader - 8) >> have;
        reader -= <usize>((63 - have) >> 3);
        have |= 56;
        at += step;
        const place = load<u32>(at);
        mask |= place;
        store<i16>(
          lane + (place & 0xffff),
          <i16>((value * load<i32>(at, DEQUANTISE_FACTORS) + HALF) >> FACTOR_FRACTION_BITS),
        );
        if (at >= last) break;
      }
      store<u32>(maskAt, load<u32>(maskAt) | (mask >> 16));
    }
    plan += PLAN_BYTES;
    if (--block == 0) {
      if (reader + <usize>(have >> 3) < end) return -1 - mcu;
      mcu++;
      if (mcu == mcus || reader < limit) break;
      block = blocks;
    }
  }
  store<usize>(scratch + READER, reader);
  store<u64>(scratch + READER_BUFFER, buffer);
  store<u64>(scratch + READER_BITS, have);
  return mcu;
}
