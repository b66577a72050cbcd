// Converts any raw pixel format to RGBA, for codecs that only read RGBA.

import { type PixelFormat, type Plane, planesOf, type Size } from "../core/pixel-format.ts";

/** The width, height and format of raw pixels. */
interface RawFrame extends Size {
  format: PixelFormat;
}

/**
 * Returns the frame as RGBA in new, unshared memory.
 *
 * YUV is converted by BT.601 (ITU-R Recommendation BT.601-7, section 2.5) in 16-bit fixed point. Studio range is stretched to
 * full range. Chroma is repeated instead of interpolated, because the encoder halves it again.
 */
export function toRgba(frame: RawFrame, bytes: Uint8Array): Uint8ClampedArray {
  const { format, width, height } = frame;
  const rgba = new Uint8ClampedArray(width * height * 4);
  switch (format) {
    case "rgba":
      rgba.set(bytes);
      return rgba;
    case "rgb24":
      return fromPacked(bytes, rgba, 3, 0, 1, 2);
    case "bgr24":
      return fromPacked(bytes, rgba, 3, 2, 1, 0);
    case "gray":
      return fromPacked(bytes, rgba, 1, 0, 0, 0);
    case "yuv420p":
    case "nv12":
    case "yuyv422":
      return fromYuv(frame, bytes, rgba, STUDIO_RANGE);
    case "yuvj420p":
      return fromYuv(frame, bytes, rgba, FULL_RANGE);
  }
}

function fromPacked(
  bytes: Uint8Array,
  rgba: Uint8ClampedArray,
  step: number,
  r: number,
  g: number,
  b: number,
): Uint8ClampedArray {
  for (let from = 0, to = 0; to < rgba.length; from += step, to += 4) {
    rgba[to] = bytes[from + r] as number;
    rgba[to + 1] = bytes[from + g] as number;
    rgba[to + 2] = bytes[from + b] as number;
    rgba[to + 3] = 255;
  }
  return rgba;
}

/**
 * The layout of the samples. The address of a sample is base + (row >> rowShift) · stride + column · step. For chroma, column >>
 * 1 replaces column.
 */
interface YuvLayout {
  lumaStep: number;
  lumaStride: number;
  chromaU: number;
  chromaV: number;
  chromaStep: number;
  chromaStride: number;
  /** 1 if two luma rows share a chroma row. */
  chromaRowShift: number;
}

function layoutOf(format: PixelFormat, size: Size): YuvLayout {
  const [first, second, third] = planesOf(format, size) as [Plane, Plane?, Plane?];
  if (second === undefined) {
    // In packed YUYV every second byte is luma, and U and V are between them.
    return {
      lumaStep: 2,
      lumaStride: first.rowBytes,
      chromaU: 1,
      chromaV: 3,
      chromaStep: 4,
      chromaStride: first.rowBytes,
      chromaRowShift: 0,
    };
  }
  return {
    lumaStep: 1,
    lumaStride: first.rowBytes,
    chromaU: second.address,
    chromaV: third?.address ?? second.address + 1, // in NV12, U and V alternate in one plane
    chromaStep: third === undefined ? 2 : 1,
    chromaStride: second.rowBytes,
    chromaRowShift: 1,
  };
}

/** Factors in 1/65536: R = y + vr·V, G = y − ug·U − vg·V, B = y + ub·U. U and V are centred on 0. */
interface YuvRange {
  lumaZero: number;
  luma: number;
  vr: number;
  ug: number;
  vg: number;
  ub: number;
}

const FULL_RANGE: YuvRange = { lumaZero: 0, luma: 65536, vr: 91881, ug: 22554, vg: 46802, ub: 116130 };
const STUDIO_RANGE: YuvRange = { lumaZero: 16, luma: 76309, vr: 104597, ug: 25675, vg: 53279, ub: 132201 };

function fromYuv(frame: RawFrame, bytes: Uint8Array, rgba: Uint8ClampedArray, range: YuvRange): Uint8ClampedArray {
  const { format, width, height } = frame;
  const at = layoutOf(format, frame);
  const { lumaZero, luma, vr, ug, vg, ub } = range;
  let to = 0;
  for (let row = 0; row < height; row++) {
    const lumaRow = row * at.lumaStride;
    const chromaRow = (row >> at.chromaRowShift) * at.chromaStride;
    for (let column = 0; column < width; column++) {
      const chroma = chromaRow + (column >> 1) * at.chromaStep;
      const y = ((bytes[lumaRow + column * at.lumaStep] as number) - lumaZero) * luma + 32768;
      const u = (bytes[at.chromaU + chroma] as number) - 128;
      const v = (bytes[at.chromaV + chroma] as number) - 128;
      rgba[to] = (y + vr * v) >> 16;
      rgba[to + 1] = (y - ug * u - vg * v) >> 16;
      rgba[to + 2] = (y + ub * u) >> 16;
      rgba[to + 3] = 255;
      to += 4;
    }
  }
  return rgba;
}
