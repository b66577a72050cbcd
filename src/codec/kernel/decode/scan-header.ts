// Headers of scans (T.81 B.2.3): reads SOS into a scan record, and builds the decode tables of its components.

import { buildDequantise } from "./dequantise";
import { defaultHuffmanTable } from "./huffman-default";
import { buildAcLookup, buildDcLookup, endOfBlockCode, isBuiltFrom, isDcBuiltFrom } from "./huffman-lookup";
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
  PICTURE_MCUS_PER_LINE,
  PICTURE_MCU_LINES,
  PICTURE_RESTART_INTERVAL,
  PICTURE_SCANS,
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
} from "./layout";
import { bigEndian16 } from "./marker-reader";
import { STATUS_BAD_SCAN, STATUS_NO_QUANTISATION_TABLE } from "../status";

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
export function sizeScan(state: usize, scan: usize, restartInterval: i32): void {
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
