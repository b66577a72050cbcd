// The index of a picture: lists the entropy-coded segments of its scans as tiles.
//
// A tile is a restart interval; a scan without restart intervals is one tile. The RSTm number decides which tile a segment is, so
// that a lost marker or segment costs its own tile only. If the number is one or two ahead, tiles are missing. If it is one or
// two behind, the segment is superfluous. Missing tiles and missing scans are in the list with length 0, and decode to grey.

import {
  COMPONENTS,
  COMPONENT_BYTES,
  COMPONENT_SCAN,
  PICTURE_COMPONENTS,
  PICTURE_CURSOR,
  PICTURE_HEADER_BYTES,
  PICTURE_READY,
  PICTURE_SCANS,
  PICTURE_TILES,
  PICTURE_TRUNCATED,
  SCANS,
  SCAN_BYTES,
  SCAN_COMPONENT_COUNT,
  SCAN_COMPONENT_INDEX,
  SCAN_TILES,
  TILE_ADDRESS,
  TILE_BYTES,
  TILE_LENGTH,
  TILE_NUMBER,
  TILE_SCAN,
} from "./layout";
import { readToSos } from "./marker-reader";
import { openScan, sizeScan } from "./scan-header";
import { STATUS_LIST_TOO_SMALL, STATUS_NOT_READY } from "../status";

/** Returns the address of the FF of the next marker at or after `at`, or `end`. Stuffed zeros and fill bytes are not markers. */
function nextMarker(at: usize, end: usize): usize {
  const allOnes = i8x16.splat(-1);
  while (at < end) {
    if (at + 17 <= end) {
      const found = i8x16.bitmask(i8x16.eq(v128.load(at), allOnes));
      if (found == 0) {
        at += 16;
        continue;
      }
      at += <usize>ctz(found);
    } else if (load<u8>(at) != 0xff) {
      at++;
      continue;
    }
    if (at + 1 >= end) return end;
    const next = load<u8>(at + 1);
    if (next == 0) at += 2;
    else if (next == 0xff) at++;
    else return at;
  }
  return end;
}

/**
 * Lists all tiles of the picture whose header was read from the same bytes. Returns their number, or STATUS_LIST_TOO_SMALL with
 * the needed number so far in PICTURE_TILES, or the status of a bad header of a later scan.
 */
export function indexTiles(state: usize, jpeg: usize, length: usize, list: usize, capacity: i32): i32 {
  if (load<u32>(state + PICTURE_READY) == 0) return STATUS_NOT_READY;
  const end = jpeg + length;
  const frameCount = load<i32>(state + PICTURE_COMPONENTS);
  forgetLaterScans(state, frameCount);
  store<u32>(state + PICTURE_TRUNCATED, 0);
  let at = min(jpeg + load<usize>(state + PICTURE_HEADER_BYTES), end);
  let components = load<i32>(state + SCANS + SCAN_COMPONENT_COUNT);
  let written = 0;
  let scanIndex = 0;
  while (true) {
    const scan = state + SCANS + scanIndex * SCAN_BYTES;
    const tiles = load<i32>(scan + SCAN_TILES);
    store<i32>(state + PICTURE_TILES, written + tiles);
    if (tiles > capacity - written) return STATUS_LIST_TOO_SMALL;
    const isLast = components == frameCount;
    at = listScan(state, scanIndex, tiles, at, end, list + written * TILE_BYTES, isLast);
    written += tiles;
    if (isLast) return written;
    const found = readToSos(state, at, end);
    if (found < 0) return found;
    let opened = 1;
    if (found == 1) {
      opened = openScan(state, end);
      if (opened < 0) return opened;
    }
    if (opened != 0) break;
    at = load<usize>(state + PICTURE_CURSOR);
    scanIndex++;
    components += load<i32>(state + SCANS + scanIndex * SCAN_BYTES + SCAN_COMPONENT_COUNT);
  }
  // The bytes end before all components have come. Each missing component gets a scan with one empty tile.
  store<u32>(state + PICTURE_TRUNCATED, 1);
  for (let i = 0; i < frameCount; i++) {
    const component = state + COMPONENTS + i * COMPONENT_BYTES;
    if (load<i32>(component + COMPONENT_SCAN) >= 0) continue;
    scanIndex++;
    const scan = state + SCANS + scanIndex * SCAN_BYTES;
    store<i32>(scan + SCAN_COMPONENT_COUNT, 1);
    store<i32>(scan + SCAN_COMPONENT_INDEX, i);
    sizeScan(state, scan, 0);
    store<i32>(component + COMPONENT_SCAN, scanIndex);
    store<i32>(state + PICTURE_SCANS, scanIndex + 1);
    store<i32>(state + PICTURE_TILES, written + 1);
    if (written >= capacity) return STATUS_LIST_TOO_SMALL;
    putTile(list + written * TILE_BYTES, scanIndex, 0, end, end);
    written++;
  }
  return written;
}

function forgetLaterScans(state: usize, frameCount: i32): void {
  for (let i = 0; i < frameCount; i++) {
    const component = state + COMPONENTS + i * COMPONENT_BYTES;
    if (load<i32>(component + COMPONENT_SCAN) > 0) store<i32>(component + COMPONENT_SCAN, -1);
  }
  store<i32>(state + PICTURE_SCANS, 1);
}

function putTile(entry: usize, scanIndex: i32, number: i32, from: usize, to: usize): void {
  store<i32>(entry + TILE_SCAN, scanIndex);
  store<i32>(entry + TILE_NUMBER, number);
  store<usize>(entry + TILE_ADDRESS, from);
  store<usize>(entry + TILE_LENGTH, to - from);
}

/** Lists all tiles of one scan. Returns the address at which its bytes end: a marker other than RST, or the end. */
function listScan(state: usize, scanIndex: i32, tiles: i32, at: usize, end: usize, list: usize, isLast: bool): usize {
  let number = 0;
  if (tiles == 1 && isLast) {
    // No search is needed, because the decoder stops at the first marker.
    putTile(list, scanIndex, 0, at, end);
    return end;
  }
  let from = at;
  while (true) {
    at = nextMarker(at, end);
    const marker = at < end ? <i32>load<u8>(at + 1) : 0xd9;
    const isRestart = marker >= 0xd0 && marker <= 0xd7;
    if (number < tiles && from <= at) {
      putTile(list + number * TILE_BYTES, scanIndex, number, from, at);
    }
    if (!isRestart) {
      number++;
      break;
    }
    at += 2;
    if (number + 1 >= tiles) {
      // After the last tile, only the end of the scan is searched.
      if (isLast) return end;
      number = tiles;
      continue;
    }
    const ahead = (marker - number) & 7;
    if (ahead >= 6) {
      // The number is behind, so its segment is skipped, and the tile before it stays.
      at = nextMarker(at, end);
      from = at + 1;
      continue;
    }
    number++;
    if (ahead <= 2) {
      for (let i = 0; i < ahead && number < tiles - 1; i++) {
        putTile(list + number * TILE_BYTES, scanIndex, number, end, end);
        store<u32>(state + PICTURE_TRUNCATED, 1);
        number++;
      }
    }
    from = at;
  }
  if (number < tiles) store<u32>(state + PICTURE_TRUNCATED, 1);
  while (number < tiles) {
    putTile(list + number * TILE_BYTES, scanIndex, number, end, end);
    number++;
  }
  return at;
}
