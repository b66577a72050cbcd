// How finely a JPEG holds colour (chroma subsampling), by the layout that its pixels come in.

import type { PixelFormat, Sampling } from "../../core/pixel-format.ts";

/** Chroma in half the columns and lines (4:2:0), half the columns (4:2:2), all of them (4:4:4), or none. */
export type ChromaSampling = "4:2:0" | "4:2:2" | "4:4:4" | "gray";

/** The sampling that a picture of `format` gets: 4:4:4 if that is `wanted` and its pixels are RGB. YUV pixels hold less colour. */
export function samplingOf(format: PixelFormat, wanted: Sampling): ChromaSampling {
  const isRgb = format === "rgba" || format === "rgb24" || format === "bgr24";
  return wanted === "444" && isRgb ? "4:4:4" : naturalSampling(format);
}

/** The sampling that fits a layout best: the one that its pixels already have; 4:2:0 for RGB. */
export function naturalSampling(format: PixelFormat): ChromaSampling {
  if (format === "gray") return "gray";
  return format === "yuyv422" ? "4:2:2" : "4:2:0";
}
