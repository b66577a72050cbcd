// The signal at a capture card's input: size and rate come from there, and the card takes them over when it is told to.
//
// Documentation/userspace-api/media/v4l/dv-timings.rst: an application asks for the timings of the signal and sets them; the
// driver never does so by itself. Cameras, and USB cards, which scale what they get, have no such inputs.

import { SourceError } from "../../core/errors.ts";
import type { Size } from "../../core/pixel-format.ts";
import type { Device } from "./device.ts";
import { V4L2 } from "./layouts.ts";
import { ERRNO, SystemCallError } from "./libc.ts";
import { Struct } from "./struct.ts";

/** What the driver says of a signal that it cannot tell the timings of (vidioc-query-dv-timings.rst). */
const NO_TIMINGS: ReadonlyMap<number, string> = new Map([
  [ERRNO.ENOLINK, "has no signal at its input"],
  [ERRNO.ENOLCK, "cannot lock to the signal at its input"],
  [ERRNO.ERANGE, "gets a signal that is out of its range"],
]);

/** Of a driver, or an input, that does not know (vidioc-query-dv-timings.rst). */
const CANNOT_TELL = new Set<number>([ERRNO.ENOTTY, ERRNO.ENODATA, ERRNO.EINVAL]);

/**
 * Before formats are asked for, and after its events were subscribed to: has the device take over what is at its input; its size
 * then, null where it has no such input. Throws SourceError where there is no usable signal, SystemCallError where the device is in use.
 */
export function adoptSignal(device: Device): Size | null {
  if (!hasTimings(device)) return null;
  const timings = queryTimings(device);
  if (timings === null) return null; // it runs with the timings that it has
  device.request("VIDIOC_S_DV_TIMINGS", timings);
  // Drivers say that the source has changed when that is our own doing; what the signal has become meanwhile is asked instead.
  while (device.attempt("VIDIOC_DQEVENT", new Struct("v4l2_event")) === 0);
  const size = sizeOf(timings);
  const since = queryTimings(device);
  const sizeSince = since === null ? null : sizeOf(since); // clocks are measured, and never twice the same
  if (sizeSince?.width !== size.width || sizeSince.height !== size.height) {
    throw new SourceError(`${device.path} has a signal that is not steady`, { retry: true });
  }
  return size;
}

function sizeOf(timings: Struct<"v4l2_dv_timings">): Size {
  return { width: timings.get("bt.width"), height: timings.get("bt.height") };
}

/** Those of the signal; null where nobody knows. */
function queryTimings(device: Device): Struct<"v4l2_dv_timings"> | null {
  const timings = new Struct("v4l2_dv_timings");
  const errno = device.attempt("VIDIOC_QUERY_DV_TIMINGS", timings);
  if (CANNOT_TELL.has(errno)) return null;
  const trouble = NO_TIMINGS.get(errno);
  if (trouble !== undefined) throw new SourceError(`${device.path} ${trouble}`, { retry: true });
  if (errno !== 0) throw new SystemCallError(`VIDIOC_QUERY_DV_TIMINGS ${device.path}`, errno);
  return timings;
}

/** Whether the input in use is one whose signal says its timings. */
function hasTimings(device: Device): boolean {
  const index = device.attemptToGet("VIDIOC_G_INPUT");
  if (index === null) return false;
  const input = new Struct("v4l2_input").set({ index });
  return device.attempt("VIDIOC_ENUMINPUT", input) === 0 && (input.get("capabilities") & V4L2.IN_CAP_DV_TIMINGS) !== 0;
}
