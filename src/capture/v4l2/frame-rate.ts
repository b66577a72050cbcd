// Sets the rate at which a camera runs. The format must be set before.

import type { Device } from "./device.ts";
import { rateOf } from "./formats.ts";
import { V4L2 } from "./layouts.ts";
import { nameOfErrno } from "./libc.ts";
import { type Fraction, Struct } from "./struct.ts";

export interface SetRate {
  /** The camera's rate now; 0 when the driver does not say. */
  framesPerSecond: number;
  /** A line for the operator when the driver refuses; otherwise null. */
  remark: string | null;
}

/**
 * Asks for a rate. `interval` is one that the driver offers. It is null when the driver lists none; then the driver is asked for
 * `wishedFramesPerSecond` (null = any), and takes the nearest rate that it has (VIDIOC_S_PARM). When the driver refuses, the camera
 * keeps its rate.
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
