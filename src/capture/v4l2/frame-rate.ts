// Sets the rate at which a camera runs. The format must be set first.

import type { Device } from "../../system/v4l2/device.ts";
import { rateOf } from "./formats.ts";
import { V4L2 } from "../../system/v4l2/layouts.ts";
import { nameOfErrno } from "../../system/v4l2/libc.ts";
import { type Fraction, Struct } from "../../system/v4l2/struct.ts";

export interface SetRate {
  /** The camera's rate, or 0 if the driver does not report it. */
  framesPerSecond: number;
  /** A line for the operator if the driver refuses the rate, or null. */
  remark: string | null;
}

/**
 * Requests a rate. `interval` is one of the driver's intervals, or null if the driver lists none. With null, the function
 * requests `wishedFramesPerSecond`, and the driver chooses its nearest rate (VIDIOC_S_PARM). If that is null too, any rate is
 * right. When the driver refuses, the camera keeps its rate.
 */
export function setRate(
  device: Pick<Device, "attempt">,
  interval: Fraction | null,
  wishedFramesPerSecond: number | null,
): SetRate {
  const parameters = new Struct("v4l2_streamparm").set({ type: V4L2.BUF_TYPE_VIDEO_CAPTURE });
  if (device.attempt("VIDIOC_G_PARM", parameters) !== 0) {
    return { framesPerSecond: interval === null ? 0 : rateOf(interval), remark: null };
  }
  const before = rateOf(parameters.fraction("parm.capture.timeperframe"));
  const asked = interval ?? intervalOf(wishedFramesPerSecond);
  const canBeSet = (parameters.get("parm.capture.capability") & V4L2.CAP_TIMEPERFRAME) !== 0;
  if (!canBeSet || asked === null) return { framesPerSecond: before, remark: null };
  parameters.setFraction("parm.capture.timeperframe", asked);
  const errno = device.attempt("VIDIOC_S_PARM", parameters);
  if (errno === 0) return { framesPerSecond: rateOf(parameters.fraction("parm.capture.timeperframe")), remark: null };
  const remark = `its driver refuses ${Math.round(rateOf(asked) * 100) / 100} fps (${nameOfErrno(errno)})`;
  return { framesPerSecond: before, remark };
}

function intervalOf(framesPerSecond: number | null): Fraction | null {
  return framesPerSecond === null || framesPerSecond <= 0
    ? null
    : { numerator: 1000, denominator: Math.round(framesPerSecond * 1000) };
}
