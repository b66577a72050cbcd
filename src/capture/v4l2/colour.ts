// Decides from the colour properties that a driver reports how the samples must be converted for our pixel formats.

import type { PixelFormat } from "../../core/pixel-format.ts";
import { V4L2 } from "../../system/v4l2/layouts.ts";

/** The fields of v4l2_pix_format that the driver filled in. */
export interface ReportedColour {
  colorspace: number;
  ycbcrEncoding: number;
  quantization: number;
}

/** The conversion of the sample levels. With `none`, samples are copied unchanged. */
export type LevelChange = "none" | "studio-to-full" | "full-to-studio";

export interface Colour {
  /** The format of the frame after the change of levels. */
  format: PixelFormat;
  levels: LevelChange;
  /** A line for the operator if the colours will still be wrong, or null. */
  remark: string | null;
}

/**
 * Decides the conversion. Our Y'CbCr formats are BT.601: `yuv420p`, `nv12` and `yuyv422` in studio range, and `gray` in full
 * range (core/pixel-format.ts). If the driver reports "default", the macros of the kernel's header apply
 * (V4L2_MAP_QUANTIZATION_DEFAULT, V4L2_MAP_YCBCR_ENC_DEFAULT). Grey is an exception: cameras send all 256 levels without
 * reporting it, and ffmpeg assumes the same.
 */
export function matchColour(format: PixelFormat, reported: ReportedColour): Colour {
  const { quantization } = reported;
  switch (format) {
    case "rgba":
    case "rgb24":
    case "bgr24": {
      const isStudio = quantization === V4L2.QUANTIZATION_LIM_RANGE;
      return { format, levels: isStudio ? "studio-to-full" : "none", remark: null };
    }
    case "gray": {
      const isStudio = quantization === V4L2.QUANTIZATION_LIM_RANGE;
      return { format, levels: isStudio ? "studio-to-full" : "none", remark: null };
    }
    case "yuv420p":
    case "yuvj420p":
      return { format: isFull(reported) ? "yuvj420p" : "yuv420p", levels: "none", remark: matrixRemark(reported) };
    case "nv12":
    case "yuyv422":
      return { format, levels: isFull(reported) ? "full-to-studio" : "none", remark: matrixRemark(reported) };
  }
}

function isFull({ quantization, colorspace }: ReportedColour): boolean {
  if (quantization === V4L2.QUANTIZATION_DEFAULT) return colorspace === V4L2.COLORSPACE_JPEG;
  return quantization === V4L2.QUANTIZATION_FULL_RANGE;
}

const MATRICES: Readonly<Record<number, string>> = {
  [V4L2.YCBCR_ENC_709]: "BT.709",
  [V4L2.YCBCR_ENC_BT2020]: "BT.2020",
  [V4L2.YCBCR_ENC_SMPTE240M]: "SMPTE 240M",
};

function matrixRemark(reported: ReportedColour): string | null {
  const encoding =
    reported.ycbcrEncoding === V4L2.YCBCR_ENC_DEFAULT ? defaultEncoding(reported.colorspace) : reported.ycbcrEncoding;
  const isBt601 = ([V4L2.YCBCR_ENC_601, V4L2.YCBCR_ENC_XV601, V4L2.YCBCR_ENC_SYCC] as number[]).includes(encoding);
  if (isBt601) return null;
  const matrix = MATRICES[encoding] ?? `matrix ${encoding}`;
  return `the camera's colours are ${matrix} but are shown as BT.601, so reds and greens are slightly wrong`;
}

/** Returns the encoding that a colour space has by default, like V4L2_MAP_YCBCR_ENC_DEFAULT in the kernel's header. */
function defaultEncoding(colorspace: number): number {
  switch (colorspace) {
    case V4L2.COLORSPACE_REC709:
    case V4L2.COLORSPACE_DCI_P3:
      return V4L2.YCBCR_ENC_709;
    case V4L2.COLORSPACE_BT2020:
      return V4L2.YCBCR_ENC_BT2020;
    case V4L2.COLORSPACE_SMPTE240M:
      return V4L2.YCBCR_ENC_SMPTE240M;
    default:
      return V4L2.YCBCR_ENC_601;
  }
}
