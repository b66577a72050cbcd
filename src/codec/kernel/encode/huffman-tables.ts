// Computes the codes of the Huffman tables (T.81 C) and the look-ups of the entropy coder.
//
// Nearly every baseline encoder uses the typical tables K.3 to K.6. The codes follow from the code counts and symbol values by
// T.81 C.2: consecutive, and with each further bit doubled. There are two kinds of look-ups (layout.ts): codes by symbol value,
// and symbols that include the amplitude bits (F.1.2.1.1, F.1.2.2.1), DC by difference and AC by run and value.

import { huffmanSpecification } from "../huffman-annex-k";
import { STATE_AC_CODES, STATE_AC_SYMBOLS, STATE_DC_CODES, STATE_DC_SYMBOLS, SYMBOL_TABLE_BYTES } from "./layout";

/** Writes code << 6 | length for each symbol value of a table at `codes`[value] (T.81 C.2). */
function assignCodes(specification: usize, codes: usize): void {
  let value = specification + 16;
  let code: u32 = 0;
  for (let length: u32 = 1; length <= 16; length++) {
    const count = load<u8>(specification + length - 1);
    for (let n: u32 = 0; n < count; n++) {
      store<u32>(codes + ((<usize>load<u8>(value)) << 2), (code << 6) | length);
      value++;
      code++;
    }
    code <<= 1;
  }
}

/** Joins a code and the `size` amplitude bits of `value` to one symbol. */
function joinAmplitude(code: u32, value: i32, size: i32): u32 {
  const amplitude = (value + (value >> 31)) & ((1 << size) - 1);
  return ((((code >>> 6) << size) | amplitude) << 6) | ((code & 63) + size);
}

/** Returns the number of amplitude bits of a value (table F.1). */
function sizeOf(value: i32): i32 {
  const sign = value >> 31;
  return 32 - clz((value ^ sign) - sign);
}

/** Writes the DC symbols by difference; `symbols` is the address of difference 0. */
function joinDifferences(codes: usize, symbols: usize): void {
  for (let difference = -2047; difference < 2048; difference++) {
    const size = sizeOf(difference);
    store<u32>(symbols + (difference << 2), joinAmplitude(load<u32>(codes + (size << 2)), difference, size));
  }
}

/** Writes the AC symbols by value and run; `symbols` is the address of value 0 and run 0. */
function joinRuns(codes: usize, symbols: usize): void {
  for (let value = -1024; value < 1024; value++) {
    const size = min(sizeOf(value), 10);
    for (let run = 0; run < 64; run++) {
      // Value 0: the end of block after a run, an empty symbol without a run.
      let symbol: u32 = run == 0 ? 0 : load<u32>(codes);
      if (value != 0) {
        symbol = 0x80000000;
        if (run < 16) {
          const joined = joinAmplitude(load<u32>(codes + ((run << 6) + (size << 2))), value, size);
          if ((joined & 63) <= 16) symbol = joined;
        }
      }
      store<u32>(symbols + ((value << 8) + (run << 2)), symbol);
    }
  }
}

/** Fills the look-ups in the state, for luma (0) and chroma (1). */
export function buildHuffmanTables(state: usize): void {
  for (let table: usize = 0; table < 2; table++) {
    const dcCodes = state + STATE_DC_CODES + (table << 6);
    const acCodes = state + STATE_AC_CODES + (table << 10);
    const symbols = state + table * SYMBOL_TABLE_BYTES;
    assignCodes(huffmanSpecification(0, <i32>table), dcCodes);
    assignCodes(huffmanSpecification(1, <i32>table), acCodes);
    joinDifferences(dcCodes, symbols + STATE_DC_SYMBOLS);
    joinRuns(acCodes, symbols + STATE_AC_SYMBOLS);
  }
}
