// Compares the tiles of a band with those of another picture in one call, because a call from outside takes as long as comparing a
// part of a tile.

import { copyTile, tileDiffers } from "./change-detect";
import { checkTiles } from "./tile-rectangle";

/** Which pixels are copied so that one of the pictures has the pixels of all tiles that are valid. */
const CHANGED_TO_B = 1;
const UNCHANGED_TO_A = 2;

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
  let changed = 0;
  for (let n = 0; n < count; n++) {
    const tile = firstTile + n;
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
