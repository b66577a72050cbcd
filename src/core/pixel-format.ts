// Raw pixel layouts, by ffmpeg's names: how many bytes a frame has and where its planes lie.

import { UsageError } from "./errors.ts";

/**
 * Layouts that a frame may arrive in. YUV is BT.601; `yuv420p`, `nv12` and `yuyv422` have studio range (16–235), as
 * cameras and ffmpeg's pipes have it; `yuvj420p` and `gray` have full range, as JPEG itself (JFIF 1.02, "Color space").
 */
export const PIXEL_FORMATS = ["rgba", "rgb24", "bgr24", "yuv420p", "yuvj420p", "nv12", "yuyv422", "gray"] as const;
export type PixelFormat = (typeof PIXEL_FORMATS)[number];

export function isPixelFormat(name: string): name is PixelFormat {
  return (PIXEL_FORMATS as readonly string[]).includes(name);
}

/** How much colour a JPEG is asked to hold: half the lines and columns of it (4:2:0), or all of them (4:4:4). */
export const SAMPLINGS = ["420", "444"] as const;
export type Sampling = (typeof SAMPLINGS)[number];

/** Largest side, in pixels, that any part of Slipstream handles: bounds what a lying header can make us allocate. */
export const MAX_SIDE_PIXELS = 8192;

/** Bytes of one frame without padding; chroma of odd sizes is rounded up, as ffmpeg does. */
export function frameBytes(format: PixelFormat, width: number, height: number): number {
  const chromaWidth = (width + 1) >> 1;
  const chromaHeight = (height + 1) >> 1;
  switch (format) {
    case "rgba":
      return width * height * 4;
    case "rgb24":
    case "bgr24":
      return width * height * 3;
    case "yuv420p":
    case "yuvj420p":
    case "nv12":
      return width * height + 2 * chromaWidth * chromaHeight;
    case "yuyv422":
      return chromaWidth * 4 * height;
    case "gray":
      return width * height;
  }
}

export interface Size {
  width: number;
  height: number;
}

/** Half of it, odd sides rounded up. */
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
