// Converts the caller's pixels to the sample arrays: one chunk of one MCU line, for every pixel format.
//
// A chunk is up to GROUPS_PER_CHUNK groups. Rows below the picture use the address of its last row. If a group exceeds the right
// edge of the picture, its rows are first copied to the scratch, and the last pixel is repeated there (edge replication as in
// T.81 A.2.4), so that no byte outside the caller's rows is read.

import { turnEightBytes, turnPlaneRow } from "./colour-planar";
import { stageRow } from "./edge-rows";
import {
  BLOCK_BYTES,
  INPUT_BLUE_SCALE,
  INPUT_CHROMA_FLOOR,
  INPUT_CHROMA_HEADROOM,
  INPUT_LUMA_FLOOR,
  INPUT_LUMA_HEADROOM,
  INPUT_LUMA_SCALE,
  INPUT_RED_SCALE,
  PIXEL_NV12,
  PIXEL_PLANAR_420,
  PIXEL_YUYV422,
  SCRATCH_SAMPLES,
  SCRATCH_STAGING,
  STATE_BLOCKS_PER_MCU,
  STATE_HEIGHT_PIXELS,
  STATE_MCU_HEIGHT_PIXELS,
  STATE_MCU_WIDTH_PIXELS,
  STATE_PIXEL_FORMAT,
  STATE_WIDTH_PIXELS,
} from "./layout";
import { packedLines } from "./packed-lines";
import { rgbLines } from "./rgb-lines";

/** Converts one plane of bytes: `mcuBlocks` blocks side by side in each MCU, `rows` rows; the first row goes to `target`. */
function planeLines(
  state: usize,
  scratch: usize,
  plane: usize,
  rowBytes: usize,
  width: i32,
  height: i32,
  firstSample: i32,
  firstRow: i32,
  groups: i32,
  mcuBlocks: i32,
  rows: i32,
  target: usize,
  floor: v128,
  headroom: v128,
  scale: v128,
): void {
  const groupBytes = (<usize>load<i32>(state, STATE_BLOCKS_PER_MCU)) << 10;
  const mcuSamples = mcuBlocks << 3;
  const groupSamples = mcuSamples << 3;
  const whole = min(max(width - firstSample, 0) / groupSamples, groups);
  const staging = scratch + SCRATCH_STAGING;
  for (let row = 0; row < rows; row++) {
    const start = plane + <usize>min(firstRow + row, height - 1) * rowBytes;
    const rowTarget = target + ((<usize>(row >> 3)) << 11) + ((<usize>(row & 7)) << 7);
    turnPlaneRow(start + <usize>firstSample, whole, mcuBlocks, rowTarget, groupBytes, floor, headroom, scale);
    for (let group = whole; group < groups; group++) {
      stageRow(staging, start, 1, firstSample + group * groupSamples, groupSamples, width);
      turnPlaneRow(staging, 1, mcuBlocks, rowTarget + <usize>group * groupBytes, groupBytes, floor, headroom, scale);
    }
  }
}

/** Converts the second plane of NV12, in which Cb and Cr alternate. */
function interleavedChromaLines(
  state: usize,
  scratch: usize,
  plane: usize,
  rowBytes: usize,
  width: i32,
  height: i32,
  firstSample: i32,
  firstRow: i32,
  groups: i32,
): void {
  const floor = v128.load(state, INPUT_CHROMA_FLOOR);
  const headroom = v128.load(state, INPUT_CHROMA_HEADROOM);
  const blueScale = v128.load(state, INPUT_BLUE_SCALE);
  const redScale = v128.load(state, INPUT_RED_SCALE);
  const whole = min(max(width - firstSample, 0) >> 6, groups);
  const staging = scratch + SCRATCH_STAGING;
  for (let row = 0; row < 8; row++) {
    const start = plane + <usize>min(firstRow + row, height - 1) * rowBytes;
    for (let group = 0; group < groups; group++) {
      const first = firstSample + (group << 6);
      let source = start + ((<usize>first) << 1);
      if (group >= whole) {
        stageRow(staging, start, 2, first, 64, width);
        source = staging;
      }
      const blue = scratch + SCRATCH_SAMPLES + <usize>group * 6 * BLOCK_BYTES + 4 * BLOCK_BYTES + ((<usize>row) << 7);
      const red = blue + BLOCK_BYTES;
      turnEightBytes<u16>(source, 16, floor, headroom, blueScale, redScale, blue, 16, red, red + 16, 32);
      turnEightBytes<u16>(source + 8, 16, floor, headroom, blueScale, redScale, blue + 64, 16, red + 64, red + 80, 32);
    }
  }
}

/** Fills the samples of `groups` groups of eight MCUs, starting with MCU `firstMcu` of MCU line `mcuLine`. */
export function sampleLines(
  state: usize,
  scratch: usize,
  plane0: usize,
  plane1: usize,
  plane2: usize,
  rowBytes0: usize,
  rowBytes1: usize,
  rowBytes2: usize,
  mcuLine: i32,
  firstMcu: i32,
  groups: i32,
): void {
  const format = load<i32>(state, STATE_PIXEL_FORMAT);
  const firstPixel = firstMcu * load<i32>(state, STATE_MCU_WIDTH_PIXELS);
  const firstRow = mcuLine * load<i32>(state, STATE_MCU_HEIGHT_PIXELS);
  if (format < PIXEL_PLANAR_420) {
    rgbLines(state, scratch, plane0, rowBytes0, firstPixel, firstRow, groups);
    return;
  }
  if (format == PIXEL_YUYV422) {
    packedLines(state, scratch, plane0, rowBytes0, firstPixel, firstRow, groups);
    return;
  }
  const width = load<i32>(state, STATE_WIDTH_PIXELS);
  const height = load<i32>(state, STATE_HEIGHT_PIXELS);
  const samples = scratch + SCRATCH_SAMPLES;
  const lumaFloor = v128.load(state, INPUT_LUMA_FLOOR);
  const lumaHeadroom = v128.load(state, INPUT_LUMA_HEADROOM);
  const lumaScale = v128.load(state, INPUT_LUMA_SCALE);
  const planar = format == PIXEL_PLANAR_420;
  const blocksAcross = planar || format == PIXEL_NV12 ? 2 : 1;
  planeLines(
    state,
    scratch,
    plane0,
    rowBytes0,
    width,
    height,
    firstPixel,
    firstRow,
    groups,
    blocksAcross,
    blocksAcross << 3,
    samples,
    lumaFloor,
    lumaHeadroom,
    lumaScale,
  );
  if (blocksAcross == 1) return;
  const chromaWidth = (width + 1) >> 1;
  const chromaHeight = (height + 1) >> 1;
  if (!planar) {
    interleavedChromaLines(
      state,
      scratch,
      plane1,
      rowBytes1,
      chromaWidth,
      chromaHeight,
      firstPixel >> 1,
      firstRow >> 1,
      groups,
    );
    return;
  }
  const chromaFloor = v128.load(state, INPUT_CHROMA_FLOOR);
  const chromaHeadroom = v128.load(state, INPUT_CHROMA_HEADROOM);
  planeLines(
    state,
    scratch,
    plane1,
    rowBytes1,
    chromaWidth,
    chromaHeight,
    firstPixel >> 1,
    firstRow >> 1,
    groups,
    1,
    8,
    samples + 4 * BLOCK_BYTES,
    chromaFloor,
    chromaHeadroom,
    v128.load(state, INPUT_BLUE_SCALE),
  );
  planeLines(
    state,
    scratch,
    plane2,
    rowBytes2,
    chromaWidth,
    chromaHeight,
    firstPixel >> 1,
    firstRow >> 1,
    groups,
    1,
    8,
    samples + 5 * BLOCK_BYTES,
    chromaFloor,
    chromaHeadroom,
    v128.load(state, INPUT_RED_SCALE),
  );
}
