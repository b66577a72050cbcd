// The shape of a device's pixels. Those of analogue television are not square.
//
// Documentation/userspace-api/media/v4l/vidioc-cropcap.rst: `pixelaspect` is height by width of a pixel of the whole signal (`defrect`):
// 54/59 for PAL, 11/10 for NTSC, sampled by BT.601. A picture in another size was scaled by the device.

import type { Size } from "../../core/pixel-format.ts";
import type { Device } from "./device.ts";
import { V4L2 } from "./layouts.ts";
import { Struct } from "./struct.ts";

/** Nearer to square than this nobody sees a difference, and scaling would only blur: 640x480 of an NTSC signal has pixels of 1.02. */
const NEARLY_SQUARE = 0.03;
const MAX_PIXEL_ASPECT = 8;

/**
 * Returns the width of a pixel divided by its height, for pictures of `size` from the device; 1 for pixels that are square or nearly so, and
 * for drivers that do not say. Drivers that say 1/1 crop or scale in ways that their rectangles do not tell.
 */
export function pixelAspectOf(device: Pick<Device, "attempt">, size: Size): number {
  const crop = new Struct("v4l2_cropcap").set({ type: V4L2.BUF_TYPE_VIDEO_CAPTURE });
  if (device.attempt("VIDIOC_CROPCAP", crop) !== 0) return 1;
  const { numerator: high, denominator: wide } = crop.fraction("pixelaspect");
  const whole = { width: crop.get("defrect.width"), height: crop.get("defrect.height") };
  if (high === wide || high === 0 || wide === 0 || whole.width === 0 || whole.height === 0) return 1;
  const aspect = (wide / high) * (whole.width / size.width / (whole.height / size.height));
  if (aspect > MAX_PIXEL_ASPECT || aspect < 1 / MAX_PIXEL_ASPECT) return 1;
  return Math.abs(aspect - 1) <= NEARLY_SQUARE ? 1 : aspect;
}

/** The size of the picture with square pixels. Its height stays, and its width is even, as all layouts allow. */
export function squareSize({ width, height }: Size, pixelAspect: number): Size {
  return { width: pixelAspect === 1 ? width : 2 * Math.max(1, Math.round((width * pixelAspect) / 2)), height };
}
