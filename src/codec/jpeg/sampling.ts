// Chooses the chroma subsampling of a JPEG from the format of its pixels.

import type { PixelFormat, Sampling } from "../../core/pixel-format.ts";

/**
 * The chroma subsampling: colour in half the columns and lines (4:2:0), in half the columns (4:2:2), in all (4:4:4), or no
 * colour.
 */
export type ChromaSampling = "4:2:0" | "4:2:2" | "4:4:4" | "gray";

/**
 * Returns the sampling for a picture of `format`. It is 4:4:4 if this is `wanted` and the pixels are RGB, because YUV pixels
 * contain less colour.
 */
export function samplingOf(format: PixelFormat, wanted: Sampling): ChromaSampling {
  const isRgb = format === "rgba" || format === "rgb24" || format === "bgr24";
  return wanted === "444" && isRgb ? "4:4:4" : naturalSampling(format);
}

/** Returns the best sampling for a format: the sampling that its pixels already have, or 4:2:0 for RGB. */
export function naturalSampling(format: PixelFormat): ChromaSampling {
  if (format === "gray") return "gray";
  return format === "yuyv422" ? "4:2:2" : "4:2:0";
}
