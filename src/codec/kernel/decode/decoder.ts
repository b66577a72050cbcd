// The exported functions of the decoder kernel.
//
// All state is at addresses that the host passes (layout.ts), so that several workers can run this module on one memory: one of
// them reads the header and lists the tiles, all of them decode tiles and convert pixels.
//
//   readHeader → setPlanes → indexTiles → decodePicture                                         one worker
//                                       → decodeTiles (each its range) → convert the seams      several
//   readHeader → setPlanes → decodeTiles (tiles as they come) → convert (what changed)          tiles on their own

import { convertRectangle, waitingLines } from "./convert";
import { decodeMcus } from "./huffman-decode";
import {
  COMPONENTS,
  COMPONENT_BYTES,
  COMPONENT_LINE_MASK,
  COMPONENT_PLANE,
  COMPONENT_PLANE_OFFSET,
  COMPONENT_PLANE_LINES,
  COMPONENT_SIGNED,
  COMPONENT_STRIDE,
  COMPONENT_V,
  FLAG_KEEP_PLANES,
  PICTURE_COMPONENTS,
  PICTURE_CURSOR,
  PICTURE_HEADER_BYTES,
  PICTURE_HEIGHT,
  PICTURE_PLANES,
  PICTURE_PLANES_BYTES,
  PICTURE_READY,
  PICTURE_SCANS,
  PICTURE_WIDTH,
  STATE_BYTES,
} from "./layout";
import { findSoi, readToSos, resetMarkers, settleColour } from "./marker-reader";
import { openScan } from "./scan-header";
import { indexTiles } from "./scan-index";
import { STATUS_HEADER_TRUNCATED, STATUS_NOT_READY, STATUS_NO_SOI, STATUS_PLANES_TOO_SMALL } from "../status";
import { decodeTileList } from "./tile-decode";

export { decodeMcus, indexTiles };

/** Returns the first address after the module's own constants. The host must not use memory below it. */
export function staticEnd(): usize {
  return __heap_base;
}

/** Returns the size of a picture's state in bytes. */
export function stateBytes(): i32 {
  return STATE_BYTES;
}

/** Initialises a state in new memory, once. Another header read into the same state reuses look-up tables if it can. */
export function initState(state: usize): void {
  memory.fill(state, 0, STATE_BYTES);
}

/**
 * Reads a JPEG from SOI to the end of the first SOS. Returns 0 or a status. The picture record then has the size of the picture,
 * of its planes and of the scratch. Look-up tables are reused if the picture has the same Huffman tables as the one before.
 */
export function readHeader(state: usize, jpeg: usize, length: usize): i32 {
  const end = jpeg + length;
  resetMarkers(state);
  const start = findSoi(jpeg, end);
  if (start == 0) return STATUS_NO_SOI;
  const found = readToSos(state, start, end);
  if (found < 0) return found;
  if (found == 0) return STATUS_HEADER_TRUNCATED;
  const status = openScan(state, end);
  if (status < 0) return status;
  if (status == 1) return STATUS_HEADER_TRUNCATED;
  settleColour(state);
  store<u32>(state + PICTURE_HEADER_BYTES, <u32>(load<usize>(state + PICTURE_CURSOR) - jpeg));
  store<u32>(state + PICTURE_READY, 1);
  return 0;
}

/** Sets the memory of the sample planes, at least PICTURE_PLANES_BYTES. Does not change its contents. */
export function setPlanes(state: usize, planes: usize, capacity: usize): i32 {
  if (load<u32>(state + PICTURE_READY) == 0) return STATUS_NOT_READY;
  const bytes = load<usize>(state + PICTURE_PLANES_BYTES);
  if (bytes == 0x7fffffff || bytes > capacity) return STATUS_PLANES_TOO_SMALL;
  for (let i = 0; i < load<i32>(state + PICTURE_COMPONENTS); i++) {
    const component = state + COMPONENTS + i * COMPONENT_BYTES;
    store<i32>(component + COMPONENT_LINE_MASK, -1);
    store<usize>(component + COMPONENT_PLANE, planes + load<usize>(component + COMPONENT_PLANE_OFFSET));
  }
  store<usize>(state + PICTURE_PLANES, planes);
  return 0;
}

/** Fills the planes with mid-grey, for a picture whose tiles arrive one by one. */
export function greyPlanes(state: usize): i32 {
  if (load<u32>(state + PICTURE_READY) == 0 || load<usize>(state + PICTURE_PLANES) == 0) return STATUS_NOT_READY;
  for (let i = 0; i < load<i32>(state + PICTURE_COMPONENTS); i++) {
    const component = state + COMPONENTS + i * COMPONENT_BYTES;
    const level = load<u32>(component + COMPONENT_SIGNED) ? 0 : 128;
    const stride = load<usize>(component + COMPONENT_STRIDE);
    memory.fill(
      load<usize>(component + COMPONENT_PLANE) - 32,
      <u8>level,
      stride * load<usize>(component + COMPONENT_PLANE_LINES),
    );
  }
  return 0;
}

/**
 * Decodes `count` tiles of a list into the planes. If `pixels` (the address of pixel (0, 0)) is not 0, it also converts lines of
 * pixels when they are complete. Next to a line of MCUs that is not in the list, `waitingRows` lines of pixels stay unconverted.
 * This works only for pictures with one scan. For others `pixels` must be 0. Returns the number of damaged tiles, or a status.
 */
export function decodeTiles(
  state: usize,
  scratch: usize,
  list: usize,
  count: i32,
  pixels: usize,
  pixelStride: usize,
  flags: u32,
): i32 {
  return decodeTileList(
    state,
    scratch,
    list,
    count,
    load<u32>(state + PICTURE_SCANS) == 1 ? pixels : 0,
    pixelStride,
    flags,
  );
}

/**
 * Returns the number of pixel lines (0 or 1) on each side of a cut between lines of MCUs that decodeTiles does not convert. The
 * host converts them with `convert`.
 */
export function waitingRows(state: usize, flags: u32): i32 {
  return waitingLines(state, flags);
}

/**
 * Converts a rectangle of the planes to RGBA and writes nothing outside of it. `pixels` is the address of pixel (0, 0) of the
 * picture.
 */
export function convert(
  state: usize,
  scratch: usize,
  x: i32,
  y: i32,
  width: i32,
  height: i32,
  pixels: usize,
  pixelStride: usize,
  flags: u32,
): i32 {
  return convertRectangle(state, scratch, x, y, width, height, pixels, pixelStride, flags);
}

/**
 * Decodes and converts the whole picture on one worker. The list has all `count` tiles in the order of indexTiles. The contents
 * of the planes are undefined afterwards, unless FLAG_KEEP_PLANES is set.
 */
export function decodePicture(
  state: usize,
  scratch: usize,
  list: usize,
  count: i32,
  pixels: usize,
  pixelStride: usize,
  flags: u32,
): i32 {
  const isFused = load<u32>(state + PICTURE_SCANS) == 1;
  const isNarrow = isFused && (flags & FLAG_KEEP_PLANES) == 0 && narrowPlanes(state);
  const damaged = decodeTileList(state, scratch, list, count, isFused ? pixels : 0, pixelStride, flags);
  if (isNarrow) setLineMasks(state, -1);
  if (isFused || damaged < 0) return damaged;
  const status = convertRectangle(
    state,
    scratch,
    0,
    0,
    load<i32>(state + PICTURE_WIDTH),
    load<i32>(state + PICTURE_HEIGHT),
    pixels,
    pixelStride,
    flags,
  );
  return status < 0 ? status : damaged;
}

/** Limits each plane to the lines of two lines of MCUs if their number is a power of two. */
function narrowPlanes(state: usize): bool {
  for (let i = 0; i < load<i32>(state + PICTURE_COMPONENTS); i++) {
    if (load<i32>(state + COMPONENTS + i * COMPONENT_BYTES + COMPONENT_V) == 3) return false;
  }
  setLineMasks(state, 16);
  return true;
}

/** Sets the lines of each plane: `perBlock` for each block of the component in the height of an MCU, or all lines for -1. */
function setLineMasks(state: usize, perBlock: i32): void {
  for (let i = 0; i < load<i32>(state + PICTURE_COMPONENTS); i++) {
    const component = state + COMPONENTS + i * COMPONENT_BYTES;
    store<i32>(component + COMPONENT_LINE_MASK, perBlock < 0 ? -1 : load<i32>(component + COMPONENT_V) * perBlock - 1);
  }
}
