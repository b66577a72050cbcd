// The position of a tile's pixels in the planes of its picture, in bytes and rows, for every pixel format.

import {
  PIXEL_NV12,
  PIXEL_PLANAR_420,
  PIXEL_RGBA,
  PIXEL_YUYV422,
  STATE_HEIGHT_PIXELS,
  STATE_MCU_HEIGHT_PIXELS,
  STATE_MCU_WIDTH_PIXELS,
  STATE_MAGIC,
  STATE_PIXEL_FORMAT,
  STATE_PREPARED,
  STATE_RESTART_INTERVAL_MCUS,
  STATE_TILE_COUNT,
  STATE_TILES_PER_LINE,
  STATE_WIDTH_PIXELS,
} from "./layout";
import { STATUS_ROW_TOO_SHORT, STATUS_STATE_NOT_PREPARED, STATUS_TILE_RANGE } from "../status";

/** Returns the number of planes of a pixel format. */
export function planeCount(format: i32): i32 {
  return format == PIXEL_PLANAR_420 ? 3 : format == PIXEL_NV12 ? 2 : 1;
}

/**
 * Returns the number of bytes of the first `pixels` pixels of a row in a plane. Half of a pair of chroma samples counts as a
 * pair.
 */
function bytesOfPixels(format: i32, plane: i32, pixels: i32): i32 {
  const pairs = (pixels + 1) >> 1;
  if (plane > 0) return format == PIXEL_NV12 ? pairs * 2 : pairs;
  if (format == PIXEL_YUYV422) return pairs * 4;
  return format == PIXEL_RGBA ? pixels * 4 : format < PIXEL_PLANAR_420 ? pixels * 3 : pixels;
}

/** Returns 0 if the state is prepared and has all of these tiles, and if rows are long enough; otherwise a negative status. */
export function checkTiles(
  state: usize,
  rowBytes0: usize,
  rowBytes1: usize,
  rowBytes2: usize,
  firstTile: i32,
  tileCount: i32,
): i32 {
  if (load<i32>(state, STATE_PREPARED) != STATE_MAGIC) return STATUS_STATE_NOT_PREPARED;
  const tiles = load<i32>(state, STATE_TILE_COUNT);
  if (firstTile < 0 || tileCount < 1 || firstTile >= tiles || tileCount > tiles - firstTile) return STATUS_TILE_RANGE;
  const format = load<i32>(state, STATE_PIXEL_FORMAT);
  const width = load<i32>(state, STATE_WIDTH_PIXELS);
  const planes = planeCount(format);
  if (rowBytes0 < <usize>bytesOfPixels(format, 0, width)) return STATUS_ROW_TOO_SHORT;
  if (planes > 1 && rowBytes1 < <usize>bytesOfPixels(format, 1, width)) return STATUS_ROW_TOO_SHORT;
  if (planes > 2 && rowBytes2 < <usize>bytesOfPixels(format, 2, width)) return STATUS_ROW_TOO_SHORT;
  return 0;
}

/** Returns the column of the first pixel of a tile. */
function firstPixel(state: usize, tile: i32): i32 {
  const mcu = (tile % load<i32>(state, STATE_TILES_PER_LINE)) * load<i32>(state, STATE_RESTART_INTERVAL_MCUS);
  return mcu * load<i32>(state, STATE_MCU_WIDTH_PIXELS);
}

/**
 * Returns the number of bytes of a plane's row before the tile. MCUs begin at even pixels, so no pair of chroma samples is split.
 */
export function tileLeftBytes(state: usize, plane: i32, tile: i32): i32 {
  return bytesOfPixels(load<i32>(state, STATE_PIXEL_FORMAT), plane, firstPixel(state, tile));
}

/** Returns the number of bytes of a plane's row in the tile, which is at least 1. */
export function tileWidthBytes(state: usize, plane: i32, tile: i32): i32 {
  const format = load<i32>(state, STATE_PIXEL_FORMAT);
  const first = firstPixel(state, tile);
  const pixels = load<i32>(state, STATE_RESTART_INTERVAL_MCUS) * load<i32>(state, STATE_MCU_WIDTH_PIXELS);
  const end = min(first + pixels, load<i32>(state, STATE_WIDTH_PIXELS));
  return bytesOfPixels(format, plane, end) - bytesOfPixels(format, plane, first);
}

/** Returns the first row of a tile in a plane. */
export function tileTop(state: usize, plane: i32, tile: i32): i32 {
  const top = (tile / load<i32>(state, STATE_TILES_PER_LINE)) * load<i32>(state, STATE_MCU_HEIGHT_PIXELS);
  return plane > 0 ? top >> 1 : top;
}

/** Returns the number of rows of a plane in the tile, which is at least 1. */
export function tileRows(state: usize, plane: i32, tile: i32): i32 {
  const top = (tile / load<i32>(state, STATE_TILES_PER_LINE)) * load<i32>(state, STATE_MCU_HEIGHT_PIXELS);
  const rows = min(load<i32>(state, STATE_MCU_HEIGHT_PIXELS), load<i32>(state, STATE_HEIGHT_PIXELS) - top);
  return plane > 0 ? (rows + 1) >> 1 : rows;
}
