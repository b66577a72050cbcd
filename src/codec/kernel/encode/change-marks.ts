// Compares the tiles of a band with those of another picture in one call, because a call from outside takes as long as comparing a
// part of a tile.

import { copyTile, tileDiffers } from "./change-detect";
import { STATE_PIXEL_FORMAT, STATE_TILES_PER_LINE } from "./layout";
import { checkTiles, planeCount, tileLeftBytes, tileRows, tileTop, tileWidthBytes } from "./tile-rectangle";

/** Which pixels are copied so that one of the pictures has the pixels of all tiles that are valid. */
const CHANGED_TO_B = 1;
const UNCHANGED_TO_A = 2;

const CACHE_LINE_BYTES: usize = 64;
/** `readAhead` stores the last value that it has read here. Without this store an optimiser could remove its reads. */
let lastRead: u32 = 0;

/**
 * Reads a plane's rows of a line of tiles into the cache. These rows are one piece of memory, so the processor fetches the next bytes
 * before they are needed. Comparing reads them in the short pieces that a tile has of each row, for which it does not.
 */
function readAhead(state: usize, plane: i32, lastTileOfLine: i32, pixels: usize, rowBytes: usize): void {
  const start = pixels + <usize>tileTop(state, plane, lastTileOfLine) * rowBytes;
  const lastRowBytes = tileLeftBytes(state, plane, lastTileOfLine) + tileWidthBytes(state, plane, lastTileOfLine);
  const end = start + <usize>(tileRows(state, plane, lastTileOfLine) - 1) * rowBytes + <usize>lastRowBytes;
  let sum: u32 = 0;
  for (let at = start; at < end; at += CACHE_LINE_BYTES) sum += load<u8>(at);
  lastRead = sum;
}

/**
 * Marks the changed tiles of picture A with 1 in a byte for each tile at `marks`. Tiles that have a mark already count as changed and
 * are not compared. With `copies` 1, the pixels of changed tiles are copied to picture B. With 2, those of unchanged tiles are copied
 * to picture A. The other parameters are those of tileDiffers. Returns the number of changed tiles, or a negative status.
 */
export function markChanges(
  state: usize,
  planeA0: usize,
  planeA1: usize,
  planeA2: usize,
  planeB0: usize,
  planeB1: usize,
  planeB2: usize,
  rowBytes0: usize,
  rowBytes1: usize,
  rowBytes2: usize,
  firstTile: i32,
  count: i32,
  noise: f64,
  copies: i32,
  marks: usize,
): i32 {
  const status = checkTiles(state, rowBytes0, rowBytes1, rowBytes2, firstTile, count);
  if (status < 0) return status;
  const tilesPerLine = load<i32>(state, STATE_TILES_PER_LINE);
  const planes = planeCount(load<i32>(state, STATE_PIXEL_FORMAT));
  let changed = 0;
  let changedBefore = 0; // at the beginning of the line
  for (let n = 0; n < count; n++) {
    const tile = firstTile + n;
    const column = tile % tilesPerLine;
    if (n == 0 || column == 0) {
      // If most tiles change, little is read, because the first change ends the comparison of a tile.
      if (2 * (changed - changedBefore) <= tilesPerLine) {
        const last = tile + tilesPerLine - 1 - column;
        for (let plane = 0; plane < planes; plane++) {
          const rowBytes = plane == 0 ? rowBytes0 : plane == 1 ? rowBytes1 : rowBytes2;
          readAhead(state, plane, last, plane == 0 ? planeA0 : plane == 1 ? planeA1 : planeA2, rowBytes);
          readAhead(state, plane, last, plane == 0 ? planeB0 : plane == 1 ? planeB1 : planeB2, rowBytes);
        }
      }
      changedBefore = changed;
    }
    let isChanged: i32 = load<u8>(marks + n);
    if (isChanged == 0) {
      isChanged = tileDiffers(
        state,
        planeA0,
        planeA1,
        planeA2,
        planeB0,
        planeB1,
        planeB2,
        rowBytes0,
        rowBytes1,
        rowBytes2,
        tile,
        noise,
      );
      store<u8>(marks + n, isChanged);
    }
    changed += isChanged;
    if (isChanged != 0) {
      if (copies == CHANGED_TO_B)
        copyTile(state, planeA0, planeA1, planeA2, planeB0, planeB1, planeB2, rowBytes0, rowBytes1, rowBytes2, tile);
    } else if (copies == UNCHANGED_TO_A) {
      copyTile(state, planeB0, planeB1, planeB2, planeA0, planeA1, planeA2, rowBytes0, rowBytes1, rowBytes2, tile);
    }
  }
  return changed;
}
