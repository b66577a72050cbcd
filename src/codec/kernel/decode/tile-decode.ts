// Decodes tiles into planes: the Huffman decoder reads a tile's bytes, the inverse DCT transforms strip after strip, and complete
// lines are converted to pixels on request, while they are in the cache.
//
// A tile that ends early or has an invalid code keeps its complete MCUs. The other MCUs become grey.

import { convertMcuLine } from "./convert";
import { fillWindow, openSegment } from "./destuff";
import { decodeMcus } from "./huffman-decode";
import {
  MCU_WORST_BYTES,
  PICTURE_PLANES,
  PICTURE_READY,
  PICTURE_SCANS,
  PLAN,
  PLAN_BYTES,
  PREDICTIONS,
  READER,
  SCANS,
  SCAN_BYTES,
  SCAN_MCUS_PER_LINE,
  SCAN_MCU_LINES,
  SCAN_TILES,
  SCAN_TILE_MCUS,
  TILE_ADDRESS,
  TILE_BYTES,
  TILE_LENGTH,
  TILE_NUMBER,
  TILE_SCAN,
  WINDOW_EXHAUSTED,
  WINDOW_LOW,
} from "./layout";
import { STRIP_MCUS, clearMcu, flushStrip, planStrip, touchTables } from "./mcu-strip";
import { STATUS_BAD_TILE, STATUS_NOT_READY } from "../status";

/**
 * Decodes the tiles of a list (entries of TILE_BYTES: scan, number, address, length) into the planes. If `pixels` is not 0, it
 * also converts lines of pixels when their samples are complete, while they are in the cache. Returns the number of damaged or
 * short tiles, or a negative status.
 */
export function decodeTileList(
  state: usize,
  scratch: usize,
  list: usize,
  count: i32,
  pixels: usize,
  pixelStride: usize,
  flags: u32,
): i32 {
  if (load<u32>(state + PICTURE_READY) == 0 || load<usize>(state + PICTURE_PLANES) == 0) return STATUS_NOT_READY;
  touchTables(state, scratch);
  let damaged = 0;
  let planned: u32 = 0xffffffff;
  let scan: usize = 0;
  let blocks = 0;
  let mcusPerLine = 1;
  // The current strip: its line, its first MCU and its size so far.
  let line = 0;
  let first = 0;
  let size = 0;
  // The line of MCUs that is complete so far, and the line below the last complete one.
  let whole = -1;
  let below = -1;
  for (let n = 0; n < count; n++) {
    const tile = list + n * TILE_BYTES;
    const scanIndex = load<u32>(tile + TILE_SCAN);
    if (scanIndex >= load<u32>(state + PICTURE_SCANS)) return STATUS_BAD_TILE;
    if (scanIndex != planned) {
      if (size > 0) flushStrip(state, scratch, scan, line, first, size);
      size = 0;
      planned = scanIndex;
      scan = state + SCANS + scanIndex * SCAN_BYTES;
      blocks = planStrip(state, scratch, scan);
      mcusPerLine = load<i32>(scan + SCAN_MCUS_PER_LINE);
    }
    const number = load<u32>(tile + TILE_NUMBER);
    if (number >= load<u32>(scan + SCAN_TILES)) {
      if (size > 0) flushStrip(state, scratch, scan, line, first, size);
      return STATUS_BAD_TILE;
    }
    const tileMcus = load<i32>(scan + SCAN_TILE_MCUS);
    const total = mcusPerLine * load<i32>(scan + SCAN_MCU_LINES);
    const firstMcu = <i32>number * tileMcus;
    const mcus = min(tileMcus, total - firstMcu);
    const tileLine = firstMcu / mcusPerLine;
    const tileFirst = firstMcu - tileLine * mcusPerLine;
    if (size > 0 && (tileLine != line || tileFirst != first + size)) {
      flushStrip(state, scratch, scan, line, first, size);
      size = 0;
    }
    if (size == 0) {
      if (tileFirst == 0) whole = tileLine;
      else if (tileLine != line || tileFirst != first) whole = -1;
      line = tileLine;
      first = tileFirst;
    }
    v128.store(scratch + PREDICTIONS, i64x2.splat(0));
    openSegment(scratch, load<usize>(tile + TILE_ADDRESS), load<usize>(tile + TILE_LENGTH));
    // Address of the segment's last byte in the window, when it is known. Below `limit` the window may not contain a whole MCU.
    let end: usize = 0;
    let limit = load<usize>(scratch + READER) + 1;
    // A missing tile is not decoded.
    let isGrey = load<usize>(tile + TILE_LENGTH) == 0;
    if (isGrey) damaged++;
    for (let m = 0; m < mcus;) {
      // The next MCUs end at the end of the strip, of the line or of the tile.
      const count = min(min(STRIP_MCUS - size, mcusPerLine - first - size), mcus - m);
      let done = 0;
      while (done < count && !isGrey) {
        if (load<usize>(scratch + READER) < limit) {
          fillWindow(scratch);
          limit = load<usize>(scratch + WINDOW_LOW) + MCU_WORST_BYTES;
          if (load<u32>(scratch + WINDOW_EXHAUSTED)) {
            end = limit - MCU_WORST_BYTES;
            limit = 0;
          }
        }
        const complete = decodeMcus(
          scratch,
          scratch + PLAN + (size + done) * blocks * PLAN_BYTES,
          count - done,
          blocks,
          limit,
          end,
        );
        if (complete < 0) {
          clearMcu(scratch, size + done - 1 - complete, blocks);
          isGrey = true;
          damaged++;
        } else done += complete;
      }
      m += count;
      size += count;
      const isLineEnd = first + size == mcusPerLine;
      if (size == STRIP_MCUS || isLineEnd) {
        flushStrip(state, scratch, scan, line, first, size);
        if (isLineEnd) {
          if (pixels != 0 && whole == line) {
            convertMcuLine(state, scratch, line, line != below, pixels, pixelStride, flags);
            below = line + 1;
          }
          line++;
          first = 0;
          whole = line;
        } else {
          first += size;
        }
        size = 0;
      }
    }
  }
  if (size > 0) flushStrip(state, scratch, scan, line, first, size);
  return damaged;
}
