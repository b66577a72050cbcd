// Converts the caller's pixels to the sample arrays: one chunk of one MCU line, for every pixel format.
//
// A chunk is up to GROUPS_PER_CHUNK groups. Rows below the picture use the address of its last row. If a group exceeds the right
// edge of the picture, its rows are first copied to the scratch, and the last pixel is repeated there (edge replication as in
// T.81 A.2.4), so that no byte outside the caller's rows is read.

import { convertRow444, convertRowPair420 } from "./colour-rgb";
import { turnEightBytes, turnPlaneRow } from "./colour-planar";
import {
  BLOCK_BYTES,
  INPUT_BLUE_SCALE,
  INPUT_CHROMA_FLOOR,
  INPUT_CHROMA_HEADROOM,
  INPUT_LUMA_FLOOR,
  INPUT_LUMA_HEADROOM,
  INPUT_LUMA_SCALE,
  INPUT_PACKED_FLOOR,
  INPUT_PACKED_HEADROOM,
  INPUT_RED_SCALE,
  PIXEL_NV12,
  PIXEL_PLANAR_420,
  PIXEL_RGBA,
  PIXEL_YUYV422,
  SAMPLING_420,
  SCRATCH_SAMPLES,
  SCRATCH_STAGING,
  SCRATCH_STAGING_ROW_BYTES,
  STATE_BLOCKS_PER_MCU,
  STATE_HEIGHT_PIXELS,
  STATE_MCU_HEIGHT_PIXELS,
  STATE_MCU_WIDTH_PIXELS,
  STATE_PIXEL_FORMAT,
  STATE_SAMPLING,
  STATE_WIDTH_PIXELS,
} from "./layout";

/**
 * Copies `units` units of `unitBytes` bytes (1 to 4) from `row` to `target`, starting with unit `first`. Units from `available`
 * on repeat the last one.
 */
function stageRow(target: usize, row: usize, unitBytes: usize, first: i32, units: i32, available: i32): void {
  const copied = min(max(available - first, 0), units);
  memory.copy(target, row + <usize>first * unitBytes, <usize>copied * unitBytes);
  const last = row + <usize>(available - 1) * unitBytes;
  target += <usize>copied * unitBytes;
  const bytes = <usize>(units - copied) * unitBytes;
  if (unitBytes == 1) {
    memory.fill(target, load<u8>(last), bytes);
  } else if (unitBytes == 4) {
    const unit = load<u32>(last);
    for (let at: usize = 0; at < bytes; at += 4) store<u32>(target + at, unit);
  } else {
    for (let at: usize = 0; at < bytes; at += unitBytes) {
      for (let byte: usize = 0; byte < unitBytes; byte++) store<u8>(target + at + byte, load<u8>(last + byte));
    }
  }
}

/** Converts the RGB formats. */
function rgbLines(
  state: usize,
  scratch: usize,
  pixels: usize,
  rowBytes: usize,
  firstPixel: i32,
  firstRow: i32,
  groups: i32,
): void {
  const width = load<i32>(state, STATE_WIDTH_PIXELS);
  const lastRow = load<i32>(state, STATE_HEIGHT_PIXELS) - 1;
  const format = load<i32>(state, STATE_PIXEL_FORMAT);
  const pixelBytes: usize = format == PIXEL_RGBA ? 4 : 3;
  const halved = load<i32>(state, STATE_SAMPLING) == SAMPLING_420;
  const groupPixels = halved ? 128 : 64;
  const rows = load<i32>(state, STATE_MCU_HEIGHT_PIXELS);
  const staging = scratch + SCRATCH_STAGING;
  const staging1 = staging + SCRATCH_STAGING_ROW_BYTES;
  for (let row = 0; row < rows; row++) {
    const row0 = pixels + <usize>min(firstRow + row, lastRow) * rowBytes;
    const start0 = row0 + <usize>firstPixel * pixelBytes;
    // Three-byte pixels are loaded two at a time as eight bytes. The load of a row's last pair includes two bytes of the next
    // row, and the picture's last row has no next row.
    const reach = format != PIXEL_RGBA && firstRow + row + (halved ? 1 : 0) >= lastRow ? 1 : 0;
    const whole = min(max(width - firstPixel - reach, 0) / groupPixels, groups);
    if (halved) {
      const row1 = pixels + <usize>min(firstRow + row + 1, lastRow) * rowBytes;
      const start1 = row1 + <usize>firstPixel * pixelBytes;
      const luma = scratch + SCRATCH_SAMPLES + ((<usize>(row >> 3)) << 11) + ((<usize>(row & 7)) << 7);
      const chroma = scratch + SCRATCH_SAMPLES + 4 * BLOCK_BYTES + ((<usize>(row >> 1)) << 7);
      if (format == PIXEL_RGBA) convertRowPair420<u32>(state, start0, start1, whole, luma, chroma);
      else convertRowPair420<u8>(state, start0, start1, whole, luma, chroma);
      for (let group = whole; group < groups; group++) {
        const offset = <usize>group * 6 * BLOCK_BYTES;
        stageRow(staging, row0, pixelBytes, firstPixel + group * groupPixels, groupPixels, width);
        stageRow(staging1, row1, pixelBytes, firstPixel + group * groupPixels, groupPixels, width);
        if (format == PIXEL_RGBA) convertRowPair420<u32>(state, staging, staging1, 1, luma + offset, chroma + offset);
        else convertRowPair420<u8>(state, staging, staging1, 1, luma + offset, chroma + offset);
      }
      row++;
    } else {
      const target = scratch + SCRATCH_SAMPLES + ((<usize>row) << 7);
      if (format == PIXEL_RGBA) convertRow444<u32>(state, start0, whole, target);
      else convertRow444<u8>(state, start0, whole, target);
      for (let group = whole; group < groups; group++) {
        const offset = <usize>group * 3 * BLOCK_BYTES;
        stageRow(staging, row0, pixelBytes, firstPixel + group * groupPixels, groupPixels, width);
        if (format == PIXEL_RGBA) convertRow444<u32>(state, staging, 1, target + offset);
        else convertRow444<u8>(state, staging, 1, target + offset);
      }
    }
  }
}

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

/** Converts YUYV: Y0 Cb Y1 Cr for each pair of pixels. For 4:2:0 the chroma of two rows is averaged. */
function packedLines(
  state: usize,
  scratch: usize,
  pixels: usize,
  rowBytes: usize,
  firstPixel: i32,
  firstRow: i32,
  groups: i32,
): void {
  const pairs = (load<i32>(state, STATE_WIDTH_PIXELS) + 1) >> 1;
  const firstPair = firstPixel >> 1;
  const lastRow = load<i32>(state, STATE_HEIGHT_PIXELS) - 1;
  const halved = load<i32>(state, STATE_SAMPLING) == SAMPLING_420;
  const floor = v128.load(state, INPUT_PACKED_FLOOR);
  const headroom = v128.load(state, INPUT_PACKED_HEADROOM);
  const lumaScale = v128.load(state, INPUT_LUMA_SCALE);
  const chromaScale = v128.load(state, INPUT_BLUE_SCALE);
  const groupBytes = (<usize>load<i32>(state, STATE_BLOCKS_PER_MCU)) << 10;
  const lumaBytes: usize = halved ? 4 * BLOCK_BYTES : 2 * BLOCK_BYTES;
  const rows = load<i32>(state, STATE_MCU_HEIGHT_PIXELS);
  const whole = min(max(pairs - firstPair, 0) >> 6, groups);
  const staging = scratch + SCRATCH_STAGING;
  for (let row = 0; row < rows; row++) {
    const start = pixels + <usize>min(firstRow + row, lastRow) * rowBytes;
    const before = pixels + <usize>min(firstRow + (row & ~1), lastRow) * rowBytes;
    for (let group = 0; group < groups; group++) {
      const first = firstPair + (group << 6);
      let source = start + ((<usize>first) << 2);
      if (group >= whole) {
        stageRow(staging, start, 4, first, 64, pairs);
        source = staging;
      }
      const base = scratch + SCRATCH_SAMPLES + <usize>group * groupBytes;
      const luma = base + ((<usize>(row >> 3)) << 11) + ((<usize>(row & 7)) << 7);
      const chroma = base + lumaBytes + ((<usize>(halved ? row >> 1 : row)) << 7);
      for (let n: usize = 0; n < 4; n++) {
        const block = luma + ((n >> 1) << 10) + ((n & 1) << 6);
        const blue = chroma + (n << 5);
        turnEightBytes<u16>(
          source + (n << 3),
          32,
          floor,
          headroom,
          lumaScale,
          chromaScale,
          block,
          16,
          blue,
          blue + BLOCK_BYTES,
          16,
        );
      }
      if (halved && (row & 1) != 0) {
        // A second pass for chroma only, over the average of this row and the one before. Its luma goes to memory that is not
        // read.
        const above = staging + SCRATCH_STAGING_ROW_BYTES;
        const nowhere = staging + 512;
        stageRow(staging, start, 4, first, 64, pairs);
        stageRow(above, before, 4, first, 64, pairs);
        // The byte average rounds up. On every second chroma row it rounds down, so that the mean colour does not change.
        const flip = i8x16.splat((row & 2) == 0 ? 0 : -1);
        for (let at: usize = 0; at < 256; at += 16) {
          const upper = v128.xor(v128.load(above + at), flip);
          const lower = v128.xor(v128.load(staging + at), flip);
          v128.store(staging + at, v128.xor(i8x16.avgr_u(upper, lower), flip));
        }
        for (let n: usize = 0; n < 4; n++) {
          const blue = chroma + (n << 5);
          turnEightBytes<u16>(
            staging + (n << 3),
            32,
            floor,
            headroom,
            lumaScale,
            chromaScale,
            nowhere,
            16,
            blue,
            blue + BLOCK_BYTES,
            16,
          );
        }
      }
    }
  }
}

/** Fills the samples of `groups` groups, starting with MCU `firstMcu` of MCU line `mcuLine`. */
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
