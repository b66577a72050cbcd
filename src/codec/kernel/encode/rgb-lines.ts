// Converts pixels in the RGB formats to the sample arrays: one chunk of one MCU line.

import { convertRow444, convertRowPair420 } from "./colour-rgb";
import { stageRow } from "./edge-rows";
import {
  BLOCK_BYTES,
  PIXEL_RGBA,
  SAMPLING_420,
  SCRATCH_SAMPLES,
  SCRATCH_STAGING,
  SCRATCH_STAGING_ROW_BYTES,
  STATE_HEIGHT_PIXELS,
  STATE_MCU_HEIGHT_PIXELS,
  STATE_PIXEL_FORMAT,
  STATE_SAMPLING,
  STATE_WIDTH_PIXELS,
} from "./layout";

/** Converts the RGB formats. */
export function rgbLines(
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
