// The exported functions of the encoder: baseline JPEG (T.81, process 1) from pixels in shared memory, a range of tiles per call.
//
// A tile is one restart interval. It never spans two MCU lines, because the interval divides the MCUs per line. The stages of a
// tile: samples (sample-lines.ts, colour-rgb.ts, colour-planar.ts), forward-dct.ts, quantise.ts, entropy-encode.ts,
// bit-writer.ts. prepareEncoder() fills a state once for each picture. Then several workers encode tiles from it, each with its
// own scratch. A tile's bytes depend on the picture and the state only, so that any worker can encode any tile.

import { endInterval, forgetBits, writeWords } from "./bit-writer";
import { entropyEncode, forgetDc, predictDc, restartDc } from "./entropy-encode";
import { transformRows } from "./forward-dct";
import { buildHeader } from "./headers";
import { buildHuffmanTables } from "./huffman-tables";
import {
  BLOCK_BYTES,
  COEFFICIENT_BLOCK_BYTES,
  GROUPS_PER_CHUNK,
  MCUS_PER_GROUP,
  PIXEL_GRAY,
  PIXEL_PLANAR_420,
  PIXEL_RGBA,
  PIXEL_YUYV422,
  RANGE_FULL,
  RANGE_LIMITED,
  SAMPLING_420,
  SAMPLING_422,
  SAMPLING_444,
  SAMPLING_GRAY,
  SCRATCH_BYTES,
  SCRATCH_COEFFICIENTS,
  SCRATCH_MASKS,
  SCRATCH_SAMPLES,
  SCRATCH_WORDS,
  STATE_BLOCK_COMPONENT,
  STATE_BLOCKS_PER_MCU,
  STATE_BYTES,
  STATE_COMPONENTS,
  STATE_DC_BIAS,
  STATE_HEADER,
  STATE_HEADER_BYTES,
  STATE_HEIGHT_PIXELS,
  STATE_LUMA_BLOCKS,
  STATE_MAGIC,
  STATE_MCU_HEIGHT_PIXELS,
  STATE_MCU_LINES,
  STATE_MCU_WIDTH_PIXELS,
  STATE_MCUS_PER_LINE,
  STATE_PIXEL_FORMAT,
  STATE_PREPARED,
  STATE_QUANTISATION,
  STATE_RESTART_INTERVAL_MCUS,
  STATE_SAMPLING,
  STATE_TILE_COUNT,
  STATE_TILES_PER_LINE,
  STATE_WIDTH_PIXELS,
} from "./layout";
import { transformColumnsAndQuantise } from "./quantise";
import { buildQuantisation } from "./quantisation-tables";
import { sampleLines } from "./sample-lines";
import {
  STATUS_OUTPUT_FULL,
  STATUS_QUALITY_OUT_OF_RANGE,
  STATUS_RESTART_INTERVAL_NOT_A_DIVISOR,
  STATUS_SAMPLING_NOT_AVAILABLE,
  STATUS_SIZE_OUT_OF_RANGE,
  STATUS_UNKNOWN_COLOUR_RANGE,
  STATUS_UNKNOWN_PIXEL_FORMAT,
} from "../status";
import { checkTiles } from "./tile-rectangle";

export { copyTile, tileDiffers } from "./change-detect";
export { markChanges } from "./change-marks";
export { halvePlane, halveYuyv } from "./halve";

/** Most bytes of a block's code before stuffing: 11 + 11 bits of DC and 63 · 26 bits of AC, rounded up. */
const BLOCK_BITS_BYTES_MAX: i32 = 208;

/** Returns the size of a picture's state in bytes. */
export function encoderStateBytes(): i32 {
  return STATE_BYTES;
}

/** Returns the size of a worker's scratch memory in bytes. */
export function encoderScratchBytes(): i32 {
  return SCRATCH_BYTES;
}

/**
 * Fills the state at `state` (a multiple of 16) for one picture format: tables, header, geometry.
 * `restartIntervalMcus` must divide the MCUs per line. Returns the number of tiles, or a negative status.
 */
export function prepareEncoder(
  state: usize,
  widthPixels: i32,
  heightPixels: i32,
  pixelFormat: i32,
  colourRange: i32,
  sampling: i32,
  quality: i32,
  restartIntervalMcus: i32,
): i32 {
  store<i32>(state, 0, STATE_PREPARED);
  if (widthPixels < 1 || widthPixels > 8192 || heightPixels < 1 || heightPixels > 8192) return STATUS_SIZE_OUT_OF_RANGE;
  if (pixelFormat < PIXEL_RGBA || pixelFormat > PIXEL_GRAY) return STATUS_UNKNOWN_PIXEL_FORMAT;
  if (colourRange != RANGE_FULL && colourRange != RANGE_LIMITED) return STATUS_UNKNOWN_COLOUR_RANGE;
  if (quality < 1 || quality > 100) return STATUS_QUALITY_OUT_OF_RANGE;
  const available =
    pixelFormat < PIXEL_PLANAR_420
      ? sampling == SAMPLING_420 || sampling == SAMPLING_444
      : pixelFormat == PIXEL_YUYV422
        ? sampling == SAMPLING_420 || sampling == SAMPLING_422
        : sampling == (pixelFormat == PIXEL_GRAY ? SAMPLING_GRAY : SAMPLING_420);
  if (!available) return STATUS_SAMPLING_NOT_AVAILABLE;

  const mcuWidth = sampling == SAMPLING_420 || sampling == SAMPLING_422 ? 16 : 8;
  const mcuHeight = sampling == SAMPLING_420 ? 16 : 8;
  const mcusPerLine = (widthPixels + mcuWidth - 1) / mcuWidth;
  if (restartIntervalMcus < 1 || mcusPerLine % restartIntervalMcus != 0) return STATUS_RESTART_INTERVAL_NOT_A_DIVISOR;
  const lumaBlocks = (mcuWidth >> 3) * (mcuHeight >> 3);
  const components = sampling == SAMPLING_GRAY ? 1 : 3;
  const mcuLines = (heightPixels + mcuHeight - 1) / mcuHeight;
  const tilesPerLine = mcusPerLine / restartIntervalMcus;
  store<i32>(state, widthPixels, STATE_WIDTH_PIXELS);
  store<i32>(state, heightPixels, STATE_HEIGHT_PIXELS);
  store<i32>(state, pixelFormat, STATE_PIXEL_FORMAT);
  store<i32>(state, sampling, STATE_SAMPLING);
  store<i32>(state, mcuWidth, STATE_MCU_WIDTH_PIXELS);
  store<i32>(state, mcuHeight, STATE_MCU_HEIGHT_PIXELS);
  store<i32>(state, mcusPerLine, STATE_MCUS_PER_LINE);
  store<i32>(state, mcuLines, STATE_MCU_LINES);
  store<i32>(state, restartIntervalMcus, STATE_RESTART_INTERVAL_MCUS);
  store<i32>(state, tilesPerLine, STATE_TILES_PER_LINE);
  store<i32>(state, tilesPerLine * mcuLines, STATE_TILE_COUNT);
  store<i32>(state, components == 1 ? 1 : lumaBlocks + 2, STATE_BLOCKS_PER_MCU);
  store<i32>(state, lumaBlocks, STATE_LUMA_BLOCKS);
  store<i32>(state, components, STATE_COMPONENTS);
  for (let block = 0; block < lumaBlocks + 2; block++) {
    store<u8>(state + <usize>block, <u8>max(block - lumaBlocks + 1, 0), STATE_BLOCK_COMPONENT);
  }
  buildQuantisation(state, pixelFormat, colourRange, sampling, quality);
  buildHuffmanTables(state);
  buildHeader(state, quality);
  store<i32>(state, STATE_MAGIC, STATE_PREPARED);
  return tilesPerLine * mcuLines;
}

/** Returns the address of the header, from SOI to SOS. */
export function encoderHeaderAddress(state: usize): usize {
  return state + STATE_HEADER;
}

/** Returns the length of the header in bytes. */
export function encoderHeaderBytes(state: usize): i32 {
  return load<i32>(state, STATE_HEADER_BYTES);
}

/** Returns the number of bytes that is enough for any `tileCount` tiles. Pictures from cameras need a twentieth of it. */
export function encodedBytesBound(state: usize, tileCount: i32): f64 {
  const blocks = load<i32>(state, STATE_BLOCKS_PER_MCU) * load<i32>(state, STATE_RESTART_INTERVAL_MCUS);
  return <f64>tileCount * <f64>(blocks * BLOCK_BITS_BYTES_MAX * 2 + 16) + 64.0;
}

/**
 * Encodes tiles `firstTile` to `firstTile` + `tileCount` - 1 one after another to `target`, without RST markers, and
 * writes their lengths (u32) to `tileBytes`. Planes that the pixel format does not have are ignored.
 * Returns the number of bytes written, or a negative status. After an error `target` may contain some tiles.
 */
export function encodeTiles(
  state: usize,
  scratch: usize,
  plane0: usize,
  plane1: usize,
  plane2: usize,
  rowBytes0: usize,
  rowBytes1: usize,
  rowBytes2: usize,
  firstTile: i32,
  tileCount: i32,
  target: usize,
  targetBytes: usize,
  tileBytes: usize,
): i32 {
  const status = checkTiles(state, rowBytes0, rowBytes1, rowBytes2, firstTile, tileCount);
  if (status < 0) return status;
  const tilesPerLine = load<i32>(state, STATE_TILES_PER_LINE);
  const interval = load<i32>(state, STATE_RESTART_INTERVAL_MCUS);
  const blocks = <usize>load<i32>(state, STATE_BLOCKS_PER_MCU);
  const words = scratch + SCRATCH_WORDS;
  const endTile = firstTile + tileCount;
  const start = target;
  const limit = target + targetBytes;
  let tileStart = target;
  let tile = firstTile;
  forgetBits(scratch);
  forgetDc(scratch);
  while (tile < endTile) {
    // The range's part of one MCU line, one chunk of groups at a time.
    const mcuLine = tile / tilesPerLine;
    const lineEnd = min((mcuLine + 1) * tilesPerLine, endTile);
    const endMcu = (lineEnd - mcuLine * tilesPerLine) * interval;
    let mcu = (tile - mcuLine * tilesPerLine) * interval;
    let tileEndMcu = mcu + interval;
    while (mcu < endMcu) {
      const groups = min((endMcu - mcu + MCUS_PER_GROUP - 1) / MCUS_PER_GROUP, GROUPS_PER_CHUNK);
      sampleLines(state, scratch, plane0, plane1, plane2, rowBytes0, rowBytes1, rowBytes2, mcuLine, mcu, groups);
      let samples = scratch + SCRATCH_SAMPLES;
      for (let group = 0; group < groups; group++) {
        for (let block: usize = 0; block < blocks; block++) {
          const component = <usize>load<u8>(state + block, STATE_BLOCK_COMPONENT);
          transformRows(samples);
          transformColumnsAndQuantise(
            samples,
            state + STATE_QUANTISATION + (component << 10),
            v128.load(state + (component << 4), STATE_DC_BIAS),
            scratch + SCRATCH_COEFFICIENTS + block * COEFFICIENT_BLOCK_BYTES,
            scratch + SCRATCH_MASKS + (block << 6),
          );
          samples += BLOCK_BYTES;
        }
        predictDc(state, scratch);
        const lanes = min(endMcu - mcu, MCUS_PER_GROUP);
        let lane = 0;
        while (lane < lanes) {
          const endLane = min(lane + tileEndMcu - mcu, lanes);
          const wordsEnd = entropyEncode(state, scratch, lane, endLane, words);
          // Twice the words for stuffing, and memory for the vector stores and the end of the interval.
          if (target + ((wordsEnd - words) << 1) + 48 > limit) return STATUS_OUTPUT_FULL;
          target = writeWords(words, wordsEnd, target);
          mcu += endLane - lane;
          lane = endLane;
          if (mcu == tileEndMcu) {
            target = endInterval(scratch, target);
            store<u32>(tileBytes, <u32>(target - tileStart));
            tileBytes += 4;
            tileStart = target;
            tileEndMcu += interval;
            tile++;
            forgetBits(scratch);
            if (lane < lanes) restartDc(state, scratch, lane);
            else forgetDc(scratch);
          }
        }
      }
    }
  }
  return <i32>(target - start);
}
