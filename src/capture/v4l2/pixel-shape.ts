// The shape of a device's pixels. The pixels of analogue television are not square.
//
// The driver reports `pixelaspect`, which is the height of a pixel divided by its width, for a picture of the whole signal
// (`defrect`). With sampling by BT.601, it is 54/59 for PAL and 11/10 for NTSC. If a picture has another size than `defrect`, the
// device has scaled it. (Documentation/userspace-api/media/v4l/vidioc-cropcap.rst)

import type { Size } from "../../core/pixel-format.ts";
import type { Device } from "../../system/v4l2/device.ts";
import { V4L2 } from "../../system/v4l2/layouts.ts";
import { Struct } from "../../system/v4l2/struct.ts";

/**
 * Pixels whose aspect ratio differs less than this from 1 count as square. Nobody sees the difference, and scaling would only
 * blur the picture. For example, 640x480 of an NTSC signal has an aspect ratio of 1.02.
 */
const NEARLY_SQUARE = 0.03;
const MAX_PIXEL_ASPECT = 8;

/**
 * Returns the width of a pixel divided by its height, for pictures of `size` from the device. The result is 1 for pixels that are
 * square or nearly square, and when the driver reports no shape. A reported 1/1 is taken as it is, because such drivers crop and
 * scale in ways that their rectangles do not show.
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

/**
 * Returns the size of the picture with square pixels. The height stays the same, and the width is even, because all pixel formats
 * allow even widths.
 */
export function squareSize({ width, height }: Size, pixelAspect: number): Size {
  return { width: pixelAspect === 1 ? width : 2 * Math.max(1, Math.round((width * pixelAspect) / 2)), height };
}
