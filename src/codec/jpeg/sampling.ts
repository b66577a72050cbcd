// How finely a JPEG holds colour (chroma subsampling), by the layout that its pixels come in.

import type { PixelFormat, Sampling } from "../../core/pixel-format.ts";

/** Chroma in half the columns and lines (4:2:0), half the columns (4:2:2), all of them (4:4:4), or none. */
export type ChromaSampling = "4:2:0" | "4:2:2" | "4:4:4" | "gray";

/** The sampling that a picture of `pixelFormat` gets: 4:4:4 if that is `wanted` and its pixels are RGB. YUV pixels hold less colour. */
export function samplingOf(pixelFormat: PixelFormat, wanted: Sampling): ChromaSampling {
  const isRgb = pixelFormat === "rgba" || pixelFormat === "rgb24" || pixelFormat === "bgr24";
  return wanted === "444" && isRgb ? "4:4:4" : naturalSampling(pixelFormat);
}

/** The sampling that fits a layout best: the one that its pixels already have; 4:2:0 for RGB. */
export function naturalSampling(pixelFormat: PixelFormat): ChromaSampling {
  if (pixelFormat === "gray") return "gray";
  return pixelFormat === "yuyv422" ? "4:2:2" : "4:2:0";
}
