// Converts pixels in the format YUYV to the sample arrays: one chunk of one MCU line.

import { turnEightBytes } from "./colour-planar";
import { stageRow } from "./edge-rows";
import {
  BLOCK_BYTES,
  INPUT_BLUE_SCALE,
  INPUT_LUMA_SCALE,
  INPUT_PACKED_FLOOR,
  INPUT_PACKED_HEADROOM,
  SAMPLING_420,
  SCRATCH_SAMPLES,
  SCRATCH_STAGING,
  SCRATCH_STAGING_ROW_BYTES,
  STATE_BLOCKS_PER_MCU,
  STATE_HEIGHT_PIXELS,
  STATE_MCU_HEIGHT_PIXELS,
  STATE_SAMPLING,
  STATE_WIDTH_PIXELS,
} from "./layout";

/** Converts YUYV: Y0 Cb Y1 Cr for each pair of pixels. For 4:2:0 the chroma of two rows is averaged. */
export function packedLines(
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
