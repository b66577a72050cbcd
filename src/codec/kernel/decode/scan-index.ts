// Scans (T.81 B.2.3): reads SOS into a scan record and its decode tables, and lists the entropy-coded segments as tiles.
//
// A tile is a restart interval; a scan without restart intervals is one tile. The RSTm number decides which tile a segment is, so
// that a lost marker or segment costs its own tile only. If the number is one or two ahead, tiles are missing. If it is one or
// two behind, the segment is superfluous. Missing tiles and missing scans are in the list with length 0, and decode to grey.

import { defaultHuffmanTable } from "./huffman-default";
import { buildAcLookup, buildDcLookup, endOfBlockCode, isBuiltFrom, isDcBuiltFrom } from "./huffman-lookup";
import { buildDequantise } from "./dequantise";
import { descaleBias } from "./lanes";
import {
  COMPONENTS,
  COMPONENT_AC,
  COMPONENT_BLOCKS_PER_LINE,
  COMPONENT_BLOCK_LINES,
  COMPONENT_BYTES,
  COMPONENT_DC,
  COMPONENT_DEQUANTISE,
  COMPONENT_DESCALE,
  COMPONENT_FRACTION,
  COMPONENT_ID,
  COMPONENT_LEVEL,
  COMPONENT_SCAN,
  COMPONENT_TQ,
  DHT_BYTES,
  DHT_TABLES,
  DQT_PRESENT,
  PICTURE_COMPONENTS,
  PICTURE_CURSOR,
  PICTURE_HEADER_BYTES,
  PICTURE_MCUS_PER_LINE,
  PICTURE_MCU_LINES,
  PICTURE_READY,
  PICTURE_RESTART_INTERVAL,
  PICTURE_SCANS,
  PICTURE_TILES,
  PICTURE_TRUNCATED,
  SCANS,
  SCAN_BYTES,
  SCAN_COMPONENT_COUNT,
  SCAN_COMPONENT_INDEX,
  SCAN_MCUS_PER_LINE,
  SCAN_MCU_LINES,
  SCAN_TILES,
  SCAN_TILE_MCUS,
  TABLES,
  TABLES_AC,
  TABLES_BYTES,
  TABLES_DC,
  TABLES_DEQUANTISE,
  TILE_ADDRESS,
  TILE_BYTES,
  TILE_LENGTH,
  TILE_NUMBER,
  TILE_SCAN,
} from "./layout";
import { bigEndian16, readToSos } from "./marker-reader";
import { STATUS_BAD_SCAN, STATUS_LIST_TOO_SMALL, STATUS_NOT_READY, STATUS_NO_QUANTISATION_TABLE } from "../status";

/**
 * Reads the SOS whose length field is at the cursor, and moves the cursor after it. Returns 0, 1 if the bytes end, or a negative
 * status.
 */
export function openScan(state: usize, end: usize): i32 {
  const at = load<usize>(state + PICTURE_CURSOR);
  if (at + 3 > end) return 1;
  const length = <i32>bigEndian16(at);
  const count = <i32>load<u8>(at + 2);
  const frameCount = load<i32>(state + PICTURE_COMPONENTS);
  if (frameCount == 0 || count < 1 || count > frameCount || length != 6 + 2 * count) return STATUS_BAD_SCAN;
  if (at + length > end) return 1;
  const scanIndex = load<i32>(state + PICTURE_SCANS);
  const scan = state + SCANS + scanIndex * SCAN_BYTES;
  for (let i = 0; i < count; i++) {
    const id = <u32>load<u8>(at + 3 + i * 2);
    const tables = <i32>load<u8>(at + 4 + i * 2);
    const dcSlot = tables >> 4;
    const acSlot = tables & 15;
    let index = 0;
    while (index < frameCount) {
      const candidate = state + COMPONENTS + index * COMPONENT_BYTES;
      if (load<u32>(candidate + COMPONENT_ID) == id && load<i32>(candidate + COMPONENT_SCAN) < 0) break;
      index++;
    }
    if (index == frameCount || dcSlot > 3 || acSlot > 3) return STATUS_BAD_SCAN;
    const component = state + COMPONENTS + index * COMPONENT_BYTES;
    const tq = load<i32>(component + COMPONENT_TQ);
    if (load<u32>(state + DQT_PRESENT + tq * 4) == 0) return STATUS_NO_QUANTISATION_TABLE;
    store<i32>(scan + SCAN_COMPONENT_INDEX + i * 4, index);
    defaultHuffmanTable(state, dcSlot);
    defaultHuffmanTable(state, 4 + acSlot);
    chooseTables(
      state,
      index,
      state + DHT_TABLES + dcSlot * DHT_BYTES,
      state + DHT_TABLES + (4 + acSlot) * DHT_BYTES,
      tq,
    );
    store<i32>(component + COMPONENT_SCAN, scanIndex);
  }
  store<i32>(scan + SCAN_COMPONENT_COUNT, count);
  sizeScan(state, scan, load<i32>(state + PICTURE_RESTART_INTERVAL));
  store<i32>(state + PICTURE_SCANS, scanIndex + 1);
  store<usize>(state + PICTURE_CURSOR, at + length);
  return 0;
}

/**
 * Computes the numbers of MCUs and tiles of a scan. A scan with one component consists of the component's own blocks. Other scans
 * consist of whole MCUs (A.2.2, A.2.3).
 */
function sizeScan(state: usize, scan: usize, restartInterval: i32): void {
  let perLine = load<i32>(state + PICTURE_MCUS_PER_LINE);
  let lines = load<i32>(state + PICTURE_MCU_LINES);
  if (load<i32>(scan + SCAN_COMPONENT_COUNT) == 1) {
    const component = state + COMPONENTS + load<i32>(scan + SCAN_COMPONENT_INDEX) * COMPONENT_BYTES;
    perLine = load<i32>(component + COMPONENT_BLOCKS_PER_LINE);
    lines = load<i32>(component + COMPONENT_BLOCK_LINES);
  }
  const total = perLine * lines;
  const tileMcus = restartInterval == 0 ? total : min(restartInterval, total);
  store<i32>(scan + SCAN_MCUS_PER_LINE, perLine);
  store<i32>(scan + SCAN_MCU_LINES, lines);
  store<i32>(scan + SCAN_TILE_MCUS, tileMcus);
  store<i32>(scan + SCAN_TILES, (total + tileMcus - 1) / tileMcus);
}

/** Sets the decode tables of a component. Shares those of an earlier component of this picture if they come from the same DHT. */
function chooseTables(state: usize, index: i32, dcDht: usize, acDht: usize, tq: i32): void {
  const component = state + COMPONENTS + index * COMPONENT_BYTES;
  const own = state + TABLES + index * TABLES_BYTES;
  let dc = own + TABLES_DC;
  let ac = own + TABLES_AC;
  const endOfBlock = endOfBlockCode(acDht);
  for (let i = 0; i < load<i32>(state + PICTURE_COMPONENTS); i++) {
    const other = state + COMPONENTS + i * COMPONENT_BYTES;
    if (i == index || load<i32>(other + COMPONENT_SCAN) < 0) continue;
    const tables = state + TABLES + i * TABLES_BYTES;
    if (load<usize>(other + COMPONENT_DC) == tables + TABLES_DC && isDcBuiltFrom(tables + TABLES_DC, dcDht, endOfBlock))
      dc = tables + TABLES_DC;
    if (load<usize>(other + COMPONENT_AC) == tables + TABLES_AC && isBuiltFrom(tables + TABLES_AC, acDht))
      ac = tables + TABLES_AC;
  }
  buildDcLookup(state, dc, dcDht, endOfBlock);
  buildAcLookup(state, ac, acDht);
  const fractionBits = buildDequantise(state, own, tq);
  const descale = 1 << (15 - fractionBits);
  // The level shift of A.3.1, except for signed samples.
  const level = (index == 0 ? 128 << fractionBits : 0) + descaleBias(fractionBits);
  v128.store(component + COMPONENT_DESCALE, i16x8.splat(<i16>descale));
  v128.store(component + COMPONENT_LEVEL, i16x8.splat(<i16>level));
  store<i32>(component + COMPONENT_FRACTION, fractionBits);
  store<usize>(component + COMPONENT_DC, dc);
  store<usize>(component + COMPONENT_AC, ac);
  store<usize>(component + COMPONENT_DEQUANTISE, own + TABLES_DEQUANTISE);
}

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
