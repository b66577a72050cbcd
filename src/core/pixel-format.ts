// Raw pixel formats under ffmpeg's names, with the size of a frame in bytes and the addresses of its planes. This file also has
// the type of picture sizes.

import { UsageError } from "./errors.ts";

/**
 * The layouts of frames. YUV is BT.601. `yuv420p`, `nv12` and `yuyv422` have studio range (16–235), which cameras and ffmpeg
 * deliver; `yuvj420p` and `gray` have full range, as in JPEG (JFIF 1.02, "Color space").
 */
export const PIXEL_FORMATS = ["rgba", "rgb24", "bgr24", "yuv420p", "yuvj420p", "nv12", "yuyv422", "gray"] as const;
export type PixelFormat = (typeof PIXEL_FORMATS)[number];

export function isPixelFormat(name: string): name is PixelFormat {
  return (PIXEL_FORMATS as readonly string[]).includes(name);
}

/** The chroma sampling of a JPEG: colour in half the lines and columns (4:2:0), or in all of them (4:4:4). */
export const SAMPLINGS = ["420", "444"] as const;
export type Sampling = (typeof SAMPLINGS)[number];

/** The size of a picture in pixels. */
export interface Size {
  width: number;
  height: number;
}

/** The largest side in pixels that Slipstream handles. It limits the memory that a wrong header can make the program allocate. */
export const MAX_SIDE_PIXELS = 8192;

/**
 * The layout of a plane. It has `groupBytes` bytes for each pixel, or for each two columns (`columnShift` 1), or two lines
 * (`rowShift` 1).
 */
interface PlaneShape {
  readonly groupBytes: number;
  readonly columnShift: 0 | 1;
  readonly rowShift: 0 | 1;
}

const each = (groupBytes: number): PlaneShape => ({ groupBytes, columnShift: 0, rowShift: 0 });
const chroma420 = (groupBytes: number): PlaneShape => ({ groupBytes, columnShift: 1, rowShift: 1 });

/** The planes of each format. They follow each other in memory. */
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
  /** The address of the plane's first byte. It counts from the same origin as the `address` that `planesOf` was given. */
  address: number;
  /** The length of a row in bytes. There is no gap between two rows. */
  rowBytes: number;
  rows: number;
}

/**
 * Returns the planes of a frame that begins at `address` and has no gaps. For odd sizes the chroma size is rounded up, as ffmpeg
 * does.
 */
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

/** Returns the number of bytes of a frame without padding. The function allocates no memory. */
export function frameBytes(format: PixelFormat, width: number, height: number): number {
  let bytes = 0;
  for (const { groupBytes, columnShift, rowShift } of PLANES[format]) {
    bytes += ((width + columnShift) >> columnShift) * groupBytes * ((height + rowShift) >> rowShift);
  }
  return bytes;
}

export function isSameSize(a: Size, b: Size): boolean {
  return a.width === b.width && a.height === b.height;
}

/** Returns half of a size. Odd sides are rounded up. */
export function halfSize({ width, height }: Size): Size {
  return { width: (width + 1) >> 1, height: (height + 1) >> 1 };
}

/** Reads `1280x720`. Throws UsageError for anything else, or for sides outside 1…8192. */
export function parseSize(text: string): Size {
  const match = /^(\d{1,5})x(\d{1,5})$/.exec(text);
  const width = Number(match?.[1]);
  const height = Number(match?.[2]);
  if (!match || !isUsableSize(width, height)) {
    throw new UsageError(
      `'${text}' is not a size: write WIDTHxHEIGHT, for example 1280x720, with both numbers from 1 to ${MAX_SIDE_PIXELS}`,
    );
  }
  return { width, height };
}

export function isUsableSize(width: number, height: number): boolean {
  return width >= 1 && height >= 1 && width <= MAX_SIDE_PIXELS && height <= MAX_SIDE_PIXELS;
}
