// Converts a rectangle of the sample planes to RGBA pixels with alpha 255.
//
// It reads planes only and writes the rectangle's pixels only, so that several workers can convert different rectangles at once.
// The triangle filter reads one sample beyond the rectangle on each side.

import { colourLine, greyLine, rgbLine } from "./colour-inverse";
import {
  CHROMA,
  COLOUR_YCBCR,
  COMPONENTS,
  COMPONENT_ACROSS,
  COMPONENT_BYTES,
  COMPONENT_DOWN,
  COMPONENT_LINES,
  COMPONENT_LINE_MASK,
  COMPONENT_PLANE,
  COMPONENT_SAMPLES,
  COMPONENT_STRIDE,
  FLAG_BOX,
  LINES,
  PICTURE_COLOUR,
  PICTURE_HEIGHT,
  PICTURE_MCU_LINES,
  PICTURE_PLANES,
  PICTURE_READY,
  PICTURE_SHAPE,
  PICTURE_V_MAX,
  PICTURE_WIDTH,
  SHAPE_420,
  SHAPE_GREY,
} from "./layout";
import { STATUS_BAD_RECTANGLE, STATUS_NOT_READY } from "../status";
import { repeatAcross, triangleAcross, triangleBoth, triangleDown } from "./upsample";
import { boxLines, fancyLines } from "./upsample-colour-420";

/**
 * The number of bytes at LINES for two lines of the groups of 16 pixels that cross the rectangle's edge. A spare line of pixels
 * follows them.
 */
const EDGE_BYTES: usize = 128;

/** Returns the number of pixel lines at the edge of a decoded line of MCUs that need samples of the neighbouring line of MCUs. */
export function waitingLines(state: usize, flags: u32): i32 {
  return (flags & FLAG_BOX) != 0 || load<u32>(state + PICTURE_V_MAX) == 1 ? 0 : 1;
}

/**
 * Converts the pixels that line `line` of MCUs completes. Decoding runs downwards from a line marked `isFirst`. If the filter
 * needs the line below, the last line of pixels waits, and the last one of the line above is converted now.
 */
export function convertMcuLine(
  state: usize,
  scratch: usize,
  line: i32,
  isFirst: bool,
  pixels: usize,
  pixelStride: usize,
  flags: u32,
): void {
  const waiting = waitingLines(state, flags);
  const lines = load<i32>(state + PICTURE_V_MAX) << 3;
  const height = load<i32>(state + PICTURE_HEIGHT);
  const from = line == 0 ? 0 : isFirst ? line * lines + waiting : line * lines - waiting;
  const to = line + 1 == load<i32>(state + PICTURE_MCU_LINES) ? height : (line + 1) * lines - waiting;
  convertLines(state, scratch, 0, load<i32>(state + PICTURE_WIDTH), from, min(to, height), pixels, pixelStride, flags);
}

/** Converts a rectangle of pixels; `pixels` is the address of pixel (0, 0) of the whole picture. */
export function convertRectangle(
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
  if (load<u32>(state + PICTURE_READY) == 0 || load<usize>(state + PICTURE_PLANES) == 0) return STATUS_NOT_READY;
  const fullWidth = load<i32>(state + PICTURE_WIDTH);
  const fullHeight = load<i32>(state + PICTURE_HEIGHT);
  if (x < 0 || y < 0 || width < 0 || height < 0 || x > fullWidth - width || y > fullHeight - height)
    return STATUS_BAD_RECTANGLE;
  convertLines(state, scratch, x, x + width, y, y + height, pixels, pixelStride, flags);
  return 0;
}

function convertLines(
  state: usize,
  scratch: usize,
  x0: i32,
  x1: i32,
  y0: i32,
  y1: i32,
  pixels: usize,
  pixelStride: usize,
  flags: u32,
): void {
  if (x0 >= x1 || y0 >= y1) return;
  if (load<i32>(state + PICTURE_SHAPE) == SHAPE_420) {
    const chroma = state + COMPONENTS + COMPONENT_BYTES;
    if ((flags & FLAG_BOX) != 0 || load<i32>(chroma + COMPONENT_SAMPLES) <= 2) {
      for (let y = y0 & ~1; y < y1; y += 2) pair420(state, scratch, x0, x1, y, y0, y1, pixels, pixelStride, true);
    } else {
      // Pixel lines 2j + 1 and 2j + 2 are between chroma lines j and j + 1.
      for (let y = ((y0 + 1) & ~1) - 1; y < y1; y += 2)
        pair420(state, scratch, x0, x1, y, y0, y1, pixels, pixelStride, false);
    }
    return;
  }
  for (let y = y0; y < y1; y++) lineOf(state, scratch, x0, x1, y, pixels + <usize>y * pixelStride, flags);
}

/** Converts lines y and y + 1 of a 4:2:0 picture. A line outside of y0 to y1 goes to a spare line. */
function pair420(
  state: usize,
  scratch: usize,
  x0: i32,
  x1: i32,
  y: i32,
  y0: i32,
  y1: i32,
  pixels: usize,
  pixelStride: usize,
  isBox: bool,
): void {
  const luma = state + COMPONENTS;
  const cb = luma + COMPONENT_BYTES;
  const cr = cb + COMPONENT_BYTES;
  const spare = scratch + LINES + EDGE_BYTES;
  const lumaPlane = load<usize>(luma + COMPONENT_PLANE);
  const lumaStride = load<usize>(luma + COMPONENT_STRIDE);
  const last = load<i32>(luma + COMPONENT_LINES) - 1;
  const lumaMask = load<i32>(luma + COMPONENT_LINE_MASK);
  const lumaA = lumaPlane + <usize>(max(y, 0) & lumaMask) * lumaStride;
  const lumaB = lumaPlane + <usize>(min(y + 1, last) & lumaMask) * lumaStride;
  const atA = y >= y0 ? pixels + <usize>y * pixelStride : spare;
  const atB = y + 1 < y1 ? pixels + <usize>(y + 1) * pixelStride : spare;
  const chromaLast = load<i32>(cb + COMPONENT_LINES) - 1;
  const j = y >> 1;
  const chromaMask = load<i32>(cb + COMPONENT_LINE_MASK);
  const near = <usize>(max(j, 0) & chromaMask) * load<usize>(cb + COMPONENT_STRIDE);
  const far = <usize>(min(j + 1, chromaLast) & chromaMask) * load<usize>(cb + COMPONENT_STRIDE);
  const cbPlane = load<usize>(cb + COMPONENT_PLANE);
  const crPlane = load<usize>(cr + COMPONENT_PLANE);
  const edge = scratch + LINES;
  for (let x = x0 & ~15; x < x1;) {
    const isWhole = x >= x0 && x + 16 <= x1;
    const count = isWhole ? (x1 - x) >> 4 : 1;
    const toA = isWhole ? atA + ((<usize>x) << 2) : edge;
    const toB = isWhole ? atB + ((<usize>x) << 2) : edge + 64;
    const c = <usize>(x >> 1);
    if (isBox)
      boxLines(lumaA + x, lumaB + x, cbPlane + near + c, crPlane + near + c, toA, toB, count, scratch + CHROMA);
    else {
      fancyLines(
        lumaA + x,
        lumaB + x,
        cbPlane + near + c - 1,
        cbPlane + far + c - 1,
        crPlane + near + c - 1,
        crPlane + far + c - 1,
        toA,
        toB,
        count,
        scratch + CHROMA,
      );
    }
    if (!isWhole) {
      const from = max(x, x0);
      const bytes = (<usize>(min(x + 16, x1) - from)) << 2;
      memory.copy(atA + ((<usize>from) << 2), edge + ((<usize>(from - x)) << 2), bytes);
      memory.copy(atB + ((<usize>from) << 2), edge + 64 + ((<usize>(from - x)) << 2), bytes);
    }
    x += count << 4;
  }
}

/** Converts one line of a picture of any other shape; `at` is the address of its first pixel. */
function lineOf(state: usize, scratch: usize, x0: i32, x1: i32, y: i32, at: usize, flags: u32): void {
  const shape = load<i32>(state + PICTURE_SHAPE);
  const width = load<usize>(state + PICTURE_WIDTH);
  const lines = scratch + LINES + EDGE_BYTES + ((width * 4 + 127) & ~63);
  const pitch = (width + 127) & ~63;
  const from = <usize>(x0 & ~15);
  const to = (<usize>x1 + 15) & ~15;
  const isGrey = shape == SHAPE_GREY;
  const isYcc = load<i32>(state + PICTURE_COLOUR) == COLOUR_YCBCR;
  const first = samplesOf(state, 0, lines, from, to, y, flags);
  const second: usize = isGrey ? <usize>0 : samplesOf(state, 1, lines + pitch, from, to, y, flags);
  const third: usize = isGrey ? <usize>0 : samplesOf(state, 2, lines + 2 * pitch, from, to, y, flags);
  const edge = scratch + LINES;
  for (let x = from; x < <usize>x1;) {
    const isWhole = x >= <usize>x0 && x + 16 <= <usize>x1;
    const count = isWhole ? (x1 - <i32>x) >> 4 : 1;
    const target = isWhole ? at + (x << 2) : edge;
    if (isGrey) greyLine(first + x, target, count);
    else if (isYcc) colourLine(first + x, second + x, third + x, target, count);
    else rgbLine(first + x, second + x, third + x, target, count);
    if (!isWhole) {
      const start = max(<i32>x, x0);
      const bytes = (<usize>(min(<i32>x + 16, x1) - start)) << 2;
      memory.copy(at + ((<usize>start) << 2), edge + ((<usize>(start - <i32>x)) << 2), bytes);
    }
    x += (<usize>count) << 4;
  }
}

/** Returns a full-resolution line of a component: a line of the plane, or one upsampled into `buffer`. */
function samplesOf(state: usize, index: i32, buffer: usize, from: usize, to: usize, y: i32, flags: u32): usize {
  const component = state + COMPONENTS + index * COMPONENT_BYTES;
  const across = load<i32>(component + COMPONENT_ACROSS);
  const down = load<i32>(component + COMPONENT_DOWN);
  const plane = load<usize>(component + COMPONENT_PLANE);
  const stride = load<usize>(component + COMPONENT_STRIDE);
  const line = down == 1 ? y : y / down;
  const mask = load<i32>(component + COMPONENT_LINE_MASK);
  const near = plane + <usize>(line & mask) * stride;
  if (across == 1 && down == 1) return near;
  const isFancy = (flags & FLAG_BOX) == 0 && index > 0;
  const isWide = load<i32>(component + COMPONENT_SAMPLES) > 2;
  const isLower = (y & 1) == 1;
  const farLine = isLower ? min(line + 1, load<i32>(component + COMPONENT_LINES) - 1) : max(line - 1, 0);
  const far = plane + <usize>(farLine & mask) * stride;
  if (isFancy && across == 2 && down == 1 && isWide) triangleAcross(near, buffer, from, to);
  else if (isFancy && across == 2 && down == 2 && isWide) triangleBoth(near, far, buffer, from, to);
  else if (isFancy && across == 1 && down == 2) triangleDown(near, far, buffer, from, to, isLower);
  else if (across == 1) return near;
  else repeatAcross(near, buffer, from, to, across);
  return buffer;
}
