// Raw pixel layouts by ffmpeg's names: how many bytes a frame has and where its planes are. And sizes of pictures.

import { UsageError } from "./errors.ts";

/**
 * The layouts of frames. YUV is BT.601. `yuv420p`, `nv12` and `yuyv422` have studio range (16–235), as from cameras and ffmpeg's
 * pipes; `yuvj420p` and `gray` have full range, as in JPEG (JFIF 1.02, "Color space").
 */
export const PIXEL_FORMATS = ["rgba", "rgb24", "bgr24", "yuv420p", "yuvj420p", "nv12", "yuyv422", "gray"] as const;
export type PixelFormat = (typeof PIXEL_FORMATS)[number];

export function isPixelFormat(name: string): name is PixelFormat {
  return (PIXEL_FORMATS as readonly string[]).includes(name);
}

/** How much colour a JPEG is asked to hold: half the lines and columns of it (4:2:0), or all of them (4:4:4). */
export const SAMPLINGS = ["420", "444"] as const;
export type Sampling = (typeof SAMPLINGS)[number];

/** Pixels. */
export interface Size {
  width: number;
  height: number;
}

/** The largest side in pixels that Slipstream handles. It bounds how much memory a false header can make us allocate. */
export const MAX_SIDE_PIXELS = 8192;

/** The samples of a plane: `groupBytes` for each pixel, or for two neighbours (`columnShift` 1) of each line or of two (`rowShift` 1). */
interface PlaneShape {
  readonly groupBytes: number;
  readonly columnShift: 0 | 1;
  readonly rowShift: 0 | 1;
}

const each = (groupBytes: number): PlaneShape => ({ groupBytes, columnShift: 0, rowShift: 0 });
const chroma420 = (groupBytes: number): PlaneShape => ({ groupBytes, columnShift: 1, rowShift: 1 });

/** The planes of each layout, one after the other in memory. */
const PLANES: Readonly<Record<PixelFormat, readonly PlaneShape[]>> = {
  rgba: [each(4)],
  rgb24: [each(3)],
  bgr24: [each(3)],
  yuv420p: [each(1), chroma420(1), chroma420(1)],
  yuvj420p: [each(1), chroma420(1), chroma420(1)],
  nv12: [each(1), chroma420(2)],
  yuyv422: [{ groupBytes: 4, columnShift: 1, rowShift: 0 }],
  gray: [each(1)],
};

/** One plane of a frame without padding. */
export interface Plane {
  /** Where it begins: bytes from the frame's start, or an address where one was given to `planesOf`. */
  address: number;
  /** Bytes of a row, and so from one row to the next. */
  rowBytes: number;
  rows: number;
}

/** The planes of a frame that begins at `address`, without gaps; chroma of odd sizes is rounded up, as ffmpeg does. */
export function planesOf(format: PixelFormat, { width, height }: Size, address = 0): Plane[] {
  const planes: Plane[] = [];
  let at = address;
  for (const { groupBytes, columnShift, rowShift } of PLANES[format]) {
    const rowBytes = ((width + columnShift) >> columnShift) * groupBytes;
    const rows = (height + rowShift) >> rowShift;
    planes.push({ address: at, rowBytes, rows });
    at += rowBytes * rows;
  }
  return planes;
}

/** Bytes of one frame without padding: those of its planes. Allocates nothing. */
export function frameBytes(format: PixelFormat, width: number, height: number): number {
  let bytes = 0;
  for (const { groupBytes, columnShift, rowShift } of PLANES[format]) {
    bytes += ((width + columnShift) >> columnShift) * groupBytes * ((height + rowShift) >> rowShift);
  }
  return bytes;
}

/** Half of a size; odd sides are rounded up. */
export function halfSize({ width, height }: Size): Size {
  return { width: (width + 1) >> 1, height: (height + 1) >> 1 };
}

/** Reads `1280x720`. Throws UsageError for anything else, or for sides outside 1…8192. */
export function parseSize(text: string): Size {
  const match = /^(\d{1,5})x(\d{1,5})$/.exec(text);
  const width = Number(match?.[1]);
  const height = Number(match?.[2]);
  if (!match || !isUsableSize(width, height)) {
    throw new UsageError(`'${text}' is not a size: write WIDTHxHEIGHT, each from 1 to ${MAX_SIDE_PIXELS}, as 1280x720`);
  }
  return { width, height };
}

export function isUsableSize(width: number, height: number): boolean {
  return width >= 1 && height >= 1 && width <= MAX_SIDE_PIXELS && height <= MAX_SIDE_PIXELS;
}
