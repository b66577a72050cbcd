// Reads marker segments (T.81 Annex B) from SOI to SOS into the picture record, component records and raw tables of the state.
// The sender controls the bytes, so every length is checked before use, and every loop ends at the end of the bytes.

import {
  COLOUR_GREY,
  COLOUR_RGB,
  COLOUR_YCBCR,
  COMPONENTS,
  COMPONENT_ACROSS,
  COMPONENT_BLOCKS_PER_LINE,
  COMPONENT_BLOCK_LINES,
  COMPONENT_BYTES,
  COMPONENT_DOWN,
  COMPONENT_H,
  COMPONENT_ID,
  COMPONENT_LINES,
  COMPONENT_PLANE_LINES,
  COMPONENT_PLANE_OFFSET,
  COMPONENT_SAMPLES,
  COMPONENT_SCAN,
  COMPONENT_SIGNED,
  COMPONENT_STRIDE,
  COMPONENT_TQ,
  COMPONENT_V,
  DHT_BYTES,
  DHT_PRESENT,
  DHT_TABLES,
  DHT_VALUES,
  DQT_PRESENT,
  DQT_TABLES,
  LINES,
  PICTURE_ADOBE,
  PICTURE_COLOUR,
  PICTURE_COMPONENTS,
  PICTURE_CURSOR,
  PICTURE_HEIGHT,
  PICTURE_H_MAX,
  PICTURE_JFIF,
  PICTURE_MCUS_PER_LINE,
  PICTURE_MCU_LINES,
  PICTURE_PLANES_BYTES,
  PICTURE_RESTART_INTERVAL,
  PICTURE_SCRATCH_BYTES,
  PICTURE_SHAPE,
  PICTURE_V_MAX,
  PICTURE_WIDTH,
  SHAPE_420,
  SHAPE_422,
  SHAPE_440,
  SHAPE_444,
  SHAPE_GENERAL,
  SHAPE_GREY,
} from "./layout";
import {
  STATUS_ARITHMETIC,
  STATUS_BAD_HUFFMAN_TABLE,
  STATUS_BAD_SEGMENT,
  STATUS_COMPONENTS,
  STATUS_LOSSLESS,
  STATUS_NO_SIZE,
  STATUS_PRECISION,
  STATUS_PROGRESSIVE,
  STATUS_SAMPLING,
} from "../status";

/** Clears tables and frame of the previous picture. Look-ups stay: each is compared with its DHT before it is built again. */
export function resetMarkers(state: usize): void {
  memory.fill(state, 0, DQT_TABLES);
  memory.fill(state + DQT_PRESENT, 0, 16);
  store<i32>(state + PICTURE_ADOBE, -1);
  for (let i = 0; i < 8; i++) store<u32>(state + DHT_TABLES + i * DHT_BYTES + DHT_PRESENT, 0);
}

/** Returns the address after the first SOI, or 0 if there is none. All bytes before SOI are skipped. */
export function findSoi(at: usize, end: usize): usize {
  while (at + 2 <= end) {
    if (load<u8>(at) == 0xff && load<u8>(at + 1) == 0xd8) {
      // FFD8 occurs in garbage by chance. If bytes follow, the next ones must be another marker.
      if (at + 3 > end || load<u8>(at + 2) == 0xff) return at + 2;
    }
    at++;
  }
  return 0;
}

/**
 * Reads segments from `at` to the next SOS, and writes tables and frame into the state. Returns 1 if it finds SOS; the cursor in
 * the picture record is then the address of its length field. Returns 0 if EOI or the end comes first, and a negative status on
 * an error.
 */
export function readToSos(state: usize, at: usize, end: usize): i32 {
  while (true) {
    // Skips fill bytes and all other bytes that are not a marker (B.1.1.2).
    while (at + 1 < end && (load<u8>(at) != 0xff || load<u8>(at + 1) == 0xff || load<u8>(at + 1) == 0)) at++;
    if (at + 1 >= end) return 0;
    const marker = <i32>load<u8>(at + 1);
    at += 2;
    if (marker == 0xd9) return 0;
    if (marker == 0x01 || (marker >= 0xd0 && marker <= 0xd8)) continue;
    if (marker == 0xda) {
      store<usize>(state + PICTURE_CURSOR, at);
      return 1;
    }
    if (at + 2 > end) return 0;
    const length = <i32>bigEndian16(at);
    if (length < 2) return STATUS_BAD_SEGMENT;
    if (at + length > end) return 0;
    const body = at + 2;
    const bytes = length - 2;
    let status = 0;
    if (marker == 0xdb) status = readDqt(state, body, bytes);
    else if (marker == 0xc4) status = readDht(state, body, bytes);
    else if (marker == 0xc0 || marker == 0xc1) status = readSof(state, body, bytes);
    else if (marker == 0xc2) status = STATUS_PROGRESSIVE;
    else if (marker == 0xcc || (marker >= 0xc9 && marker <= 0xcb) || (marker >= 0xcd && marker <= 0xcf))
      status = STATUS_ARITHMETIC;
    else if (marker == 0xc3 || (marker >= 0xc5 && marker <= 0xc8) || marker == 0xde || marker == 0xdf)
      status = STATUS_LOSSLESS;
    else if (marker == 0xdd) {
      if (bytes < 2) return STATUS_BAD_SEGMENT;
      store<u32>(state + PICTURE_RESTART_INTERVAL, bigEndian16(body));
    } else if (marker == 0xe0) {
      if (bytes >= 5 && load<u32>(body) == 0x4649464a && load<u8>(body + 4) == 0) store<u32>(state + PICTURE_JFIF, 1);
    } else if (marker == 0xee) {
      if (bytes >= 12 && load<u32>(body) == 0x626f6441 && load<u8>(body + 4) == 0x65) {
        store<i32>(state + PICTURE_ADOBE, load<u8>(body + 11));
      }
    }
    if (status < 0) return status;
    at += length;
  }
}

export function bigEndian16(at: usize): u32 {
  return ((<u32>load<u8>(at)) << 8) | load<u8>(at + 1);
}

/** Reads DQT (B.2.4.1): 8- or 16-bit factors, stored in zigzag order as u16. */
function readDqt(state: usize, at: usize, bytes: i32): i32 {
  while (bytes > 0) {
    const head = <i32>load<u8>(at);
    const wide = head >> 4;
    const table = head & 15;
    if (wide > 1 || table > 3) return STATUS_BAD_SEGMENT;
    const need = 1 + (64 << wide);
    if (bytes < need) return STATUS_BAD_SEGMENT;
    const target = state + DQT_TABLES + table * 128;
    for (let i = 0; i < 64; i++) {
      const factor = wide ? bigEndian16(at + 1 + i * 2) : <u32>load<u8>(at + 1 + i);
      store<u16>(target + i * 2, <u16>factor);
    }
    store<u32>(state + DQT_PRESENT + table * 4, 1);
    at += need;
    bytes -= need;
  }
  return 0;
}

/** Reads DHT (B.2.4.2). Refuses over-subscribed code lengths, so that building a look-up never exceeds its table. */
function readDht(state: usize, at: usize, bytes: i32): i32 {
  while (bytes > 0) {
    if (bytes < 17) return STATUS_BAD_SEGMENT;
    const head = <i32>load<u8>(at);
    const kind = head >> 4;
    const slot = head & 15;
    if (kind > 1 || slot > 3) return STATUS_BAD_SEGMENT;
    let values = 0;
    let room = 1;
    for (let i = 1; i <= 16; i++) {
      const count = <i32>load<u8>(at + i);
      values += count;
      room = room * 2 - count;
      if (room < 0) return STATUS_BAD_HUFFMAN_TABLE;
    }
    if (values > 256) return STATUS_BAD_HUFFMAN_TABLE;
    if (bytes < 17 + values) return STATUS_BAD_SEGMENT;
    const target = state + DHT_TABLES + (kind * 4 + slot) * DHT_BYTES;
    memory.fill(target, 0, DHT_BYTES);
    memory.copy(target, at + 1, DHT_VALUES + values);
    if (kind == 0) {
      for (let i = 0; i < values; i++) {
        if (load<u8>(target + DHT_VALUES + i) > 15) return STATUS_BAD_HUFFMAN_TABLE;
      }
    }
    store<u32>(target + DHT_PRESENT, 1);
    at += 17 + values;
    bytes -= 17 + values;
  }
  return 0;
}

/** Reads SOF0 and SOF1 (B.2.2): sizes and sampling; computes the size of the planes. */
function readSof(state: usize, at: usize, bytes: i32): i32 {
  if (bytes < 6 || load<u32>(state + PICTURE_COMPONENTS) != 0) return STATUS_BAD_SEGMENT;
  if (load<u8>(at) != 8) return STATUS_PRECISION;
  const height = <i32>bigEndian16(at + 1);
  const width = <i32>bigEndian16(at + 3);
  const count = <i32>load<u8>(at + 5);
  if (width == 0 || height == 0) return STATUS_NO_SIZE;
  if (count != 1 && count != 3) return STATUS_COMPONENTS;
  if (bytes < 6 + count * 3) return STATUS_BAD_SEGMENT;
  let hMax = 1;
  let vMax = 1;
  let blocksInMcu = 0;
  for (let i = 0; i < count; i++) {
    const component = state + COMPONENTS + i * COMPONENT_BYTES;
    const entry = at + 6 + i * 3;
    let h = (<i32>load<u8>(entry + 1)) >> 4;
    let v = (<i32>load<u8>(entry + 1)) & 15;
    const tq = <i32>load<u8>(entry + 2);
    if (h < 1 || h > 4 || v < 1 || v > 4 || tq > 3) return STATUS_BAD_SEGMENT;
    // A single component is never interleaved, so that its factors have no meaning (A.2.2).
    if (count == 1) {
      h = 1;
      v = 1;
    }
    store<u32>(component + COMPONENT_ID, load<u8>(entry));
    store<u32>(component + COMPONENT_H, h);
    store<u32>(component + COMPONENT_V, v);
    store<u32>(component + COMPONENT_TQ, tq);
    store<i32>(component + COMPONENT_SCAN, -1);
    hMax = max(hMax, h);
    vMax = max(vMax, v);
    blocksInMcu += h * v;
  }
  if (blocksInMcu > 10) return STATUS_SAMPLING;
  store<u32>(state + PICTURE_WIDTH, width);
  store<u32>(state + PICTURE_HEIGHT, height);
  store<u32>(state + PICTURE_H_MAX, hMax);
  store<u32>(state + PICTURE_V_MAX, vMax);
  const mcusPerLine = (width + 8 * hMax - 1) / (8 * hMax);
  const mcuLines = (height + 8 * vMax - 1) / (8 * vMax);
  store<u32>(state + PICTURE_MCUS_PER_LINE, mcusPerLine);
  store<u32>(state + PICTURE_MCU_LINES, mcuLines);
  let planesBytes: u64 = 64;
  for (let i = 0; i < count; i++) {
    const component = state + COMPONENTS + i * COMPONENT_BYTES;
    const h = load<i32>(component + COMPONENT_H);
    const v = load<i32>(component + COMPONENT_V);
    if (hMax % h != 0 || vMax % v != 0) return STATUS_SAMPLING;
    const samples = (width * h + hMax - 1) / hMax;
    const lines = (height * v + vMax - 1) / vMax;
    store<u32>(component + COMPONENT_SAMPLES, samples);
    store<u32>(component + COMPONENT_LINES, lines);
    store<u32>(component + COMPONENT_BLOCKS_PER_LINE, (samples + 7) >> 3);
    store<u32>(component + COMPONENT_BLOCK_LINES, (lines + 7) >> 3);
    store<u32>(component + COMPONENT_ACROSS, hMax / h);
    store<u32>(component + COMPONENT_DOWN, vMax / v);
    // 32 spare bytes on each side: for the sample left of the picture, and for 16-byte loads at its last sample.
    const stride = (mcusPerLine * h * 8 + 64 + 15) & ~15;
    const planeLines = mcuLines * v * 8;
    store<u32>(component + COMPONENT_STRIDE, stride);
    store<u32>(component + COMPONENT_PLANE_LINES, planeLines);
    store<u32>(component + COMPONENT_PLANE_OFFSET, <u32>(planesBytes + 32));
    planesBytes += <u64>stride * <u64>planeLines + 64;
  }
  store<u32>(state + PICTURE_PLANES_BYTES, planesBytes > 0x7fffffff ? 0x7fffffff : <u32>planesBytes);
  store<u32>(state + PICTURE_SCRATCH_BYTES, LINES + (width * 4 + 256) + 6 * ((width + 511) & ~255));
  store<u32>(state + PICTURE_COMPONENTS, count);
  return 0;
}

/** Determines at SOS what the three components mean, and which fused conversion suits them. */
export function settleColour(state: usize): void {
  const count = load<i32>(state + PICTURE_COMPONENTS);
  let colour = COLOUR_GREY;
  if (count == 3) {
    const first = state + COMPONENTS;
    const adobe = load<i32>(state + PICTURE_ADOBE);
    const isRgbById =
      load<u32>(first + COMPONENT_ID) == 0x52 &&
      load<u32>(first + COMPONENT_BYTES + COMPONENT_ID) == 0x47 &&
      load<u32>(first + 2 * COMPONENT_BYTES + COMPONENT_ID) == 0x42;
    if (load<u32>(state + PICTURE_JFIF)) colour = COLOUR_YCBCR;
    else if (adobe >= 0) colour = adobe == 0 ? COLOUR_RGB : COLOUR_YCBCR;
    else colour = isRgbById ? COLOUR_RGB : COLOUR_YCBCR;
  }
  store<u32>(state + PICTURE_COLOUR, colour);
  for (let i = 0; i < count; i++) {
    store<u32>(state + COMPONENTS + i * COMPONENT_BYTES + COMPONENT_SIGNED, u32(i > 0));
  }
  store<u32>(state + PICTURE_SHAPE, shapeOf(state, colour));
}

function shapeOf(state: usize, colour: i32): i32 {
  if (colour == COLOUR_GREY) return SHAPE_GREY;
  if (colour != COLOUR_YCBCR) return SHAPE_GENERAL;
  const luma = state + COMPONENTS;
  const cb = luma + COMPONENT_BYTES;
  const cr = cb + COMPONENT_BYTES;
  const across = load<u32>(cb + COMPONENT_ACROSS);
  const down = load<u32>(cb + COMPONENT_DOWN);
  if (load<u32>(luma + COMPONENT_ACROSS) != 1 || load<u32>(luma + COMPONENT_DOWN) != 1) return SHAPE_GENERAL;
  if (load<u32>(cr + COMPONENT_ACROSS) != across || load<u32>(cr + COMPONENT_DOWN) != down) return SHAPE_GENERAL;
  if (across == 1 && down == 1) return SHAPE_444;
  if (across == 2 && down == 1) return SHAPE_422;
  if (across == 2 && down == 2) return SHAPE_420;
  if (across == 1 && down == 2) return SHAPE_440;
  return SHAPE_GENERAL;
}
