// Runs the first stages of the encoder over a whole picture, so that benches can measure each stage. Nothing else uses this file.
// Every function does for all chunks what encodeTiles() does between two of its other stages.

import { forgetBits, writeWords } from "./bit-writer";
import { entropyEncode, predictDc } from "./entropy-encode";
import { transformRows } from "./forward-dct";
import {
  BLOCK_BYTES,
  COEFFICIENT_BLOCK_BYTES,
  GROUPS_PER_CHUNK,
  SCRATCH_COEFFICIENTS,
  SCRATCH_MASKS,
  SCRATCH_SAMPLES,
  SCRATCH_WORDS,
  STATE_BLOCK_COMPONENT,
  STATE_BLOCKS_PER_MCU,
  STATE_DC_BIAS,
  STATE_MCU_LINES,
  STATE_MCUS_PER_LINE,
  STATE_QUANTISATION,
} from "./layout";
import { transformColumnsAndQuantise } from "./quantise";
import { sampleLines } from "./sample-lines";

export {
  encodeTiles,
  prepareEncoder,
  encoderStateBytes,
  encoderScratchBytes,
  encoderHeaderAddress,
  encoderHeaderBytes,
  encodedBytesBound,
  tileDiffers,
  copyTile,
  halvePlane,
  halveYuyv,
} from "./encoder";

/** Runs the first `stages` stages: 1 samples, 2 also DCT, 3 also quantisation, 4 also entropy coding, 5 also byte stuffing. */
export function encodeStages(
  state: usize,
  scratch: usize,
  plane0: usize,
  plane1: usize,
  plane2: usize,
  rowBytes0: usize,
  rowBytes1: usize,
  rowBytes2: usize,
  target: usize,
  stages: i32,
): void {
  const mcusPerLine = load<i32>(state, STATE_MCUS_PER_LINE);
  const lines = load<i32>(state, STATE_MCU_LINES);
  const blocks = <usize>load<i32>(state, STATE_BLOCKS_PER_MCU);
  forgetBits(scratch);
  for (let line = 0; line < lines; line++) {
    for (let mcu = 0; mcu < mcusPerLine; mcu += 8 * GROUPS_PER_CHUNK) {
      const groups = min((mcusPerLine - mcu + 7) / 8, GROUPS_PER_CHUNK);
      sampleLines(state, scratch, plane0, plane1, plane2, rowBytes0, rowBytes1, rowBytes2, line, mcu, groups);
      if (stages < 2) continue;
      let samples = scratch + SCRATCH_SAMPLES;
      for (let group = 0; group < groups; group++) {
        for (let block: usize = 0; block < blocks; block++) {
          const component = <usize>load<u8>(state + block, STATE_BLOCK_COMPONENT);
          transformRows(samples);
          if (stages > 2) {
            transformColumnsAndQuantise(
              samples,
              state + STATE_QUANTISATION + (component << 10),
              v128.load(state + (component << 4), STATE_DC_BIAS),
              scratch + SCRATCH_COEFFICIENTS + block * COEFFICIENT_BLOCK_BYTES,
              scratch + SCRATCH_MASKS + (block << 6),
            );
          }
          samples += BLOCK_BYTES;
        }
        if (stages > 3) {
          predictDc(state, scratch);
          const end = entropyEncode(state, scratch, 0, min(mcusPerLine - mcu - group * 8, 8), scratch + SCRATCH_WORDS);
          if (stages > 4) target = writeWords(scratch + SCRATCH_WORDS, end, target);
        }
      }
    }
  }
}
