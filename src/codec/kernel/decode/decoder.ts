// The decoder kernel's entry: what the host calls. All state is at addresses the host passes (layout-decoder.ts), so any number of workers can
// run this module on one memory: one of them reads the header and lists the tiles, all of them decode tiles and convert pixels.
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
import { indexTiles, openScan } from "./scan-index";
import { STATUS_HEADER_TRUNCATED, STATUS_NOT_READY, STATUS_NO_SOI, STATUS_PLANES_TOO_SMALL } from "../status";
import { decodeTileList } from "./tile-decode";

export { decodeMcus, indexTiles };

/** First address behind the module's own constants: nothing of the host's may lie below it. */
export function staticEnd(): usize {
  return __heap_base;
}

/** Bytes of a picture's state. */
export function stateBytes(): i32 {
  return STATE_BYTES;
}

/** Makes fresh memory a state. Needed once; reading another header into the same state keeps what can be kept (look-ups). */
export function initState(state: usize): void {
  memory.fill(state, 0, STATE_BYTES);
}

/**
 * Reads a JPEG from before SOI to behind the first SOS. Returns 0 or a status; the picture record then says size, planes and scratch wanted.
 * Decode look-ups are kept where the picture has the tables of the one before.
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

/** Gives the picture its sample planes: PICTURE_PLANES_BYTES at least. What they hold stays. */
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

/** Fills the planes with mid-grey, for a picture whose tiles come one by one. */
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
 * Decodes `count` tiles of a list into the planes. With `pixels` (address of pixel (0, 0)) not 0, lines of pixels that become complete are
 * converted on the way: for a run of whole lines of MCUs, all but `waitingRows` lines of pixels at a cut to lines that are not in the list.
 * Only for pictures of one scan; pass 0 otherwise. Returns the number of damaged tiles, or a status.
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

/** Lines of pixels on either side of a cut between lines of MCUs that decodeTiles leaves to `convert`: 0 or 1. */
export function waitingRows(state: usize, flags: u32): i32 {
  return waitingLines(state, flags);
}

/** Converts a rectangle of the planes to RGBA; `pixels` is the address of pixel (0, 0) of the picture. Writes nothing outside of it. */
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
 * Decodes and converts the whole picture on one worker. `count` tiles, all of them in order, as indexTiles lists them. The planes hold nothing
 * of use afterwards, unless FLAG_KEEP_PLANES is given.
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

/** Lets every plane have the lines of two lines of MCUs only, where these are a power of two. */
function narrowPlanes(state: usize): bool {
  for (let i = 0; i < load<i32>(state + PICTURE_COMPONENTS); i++) {
    if (load<i32>(state + COMPONENTS + i * COMPONENT_BYTES + COMPONENT_V) == 3) return false;
  }
  setLineMasks(state, 16);
  return true;
}

/** `perBlock` lines for each block that a component has in an MCU's height, or all lines for -1. */
function setLineMasks(state: usize, perBlock: i32): void {
  for (let i = 0; i < load<i32>(state + PICTURE_COMPONENTS); i++) {
    const component = state + COMPONENTS + i * COMPONENT_BYTES;
    store<i32>(component + COMPONENT_LINE_MASK, perBlock < 0 ? -1 : load<i32>(component + COMPONENT_V) * perBlock - 1);
  }
}
