// The signal at a capture card's input, which decides size and rate. The card adopts them when it is told to.
//
// Documentation/userspace-api/media/v4l/dv-timings.rst: an application queries the timings of the signal and sets them. The driver
// never does so by itself. Cameras have no such inputs, and neither have USB cards, which scale their signal.

import { SourceError } from "../../core/errors.ts";
import type { Size } from "../../core/pixel-format.ts";
import type { Device } from "./device.ts";
import { V4L2 } from "./layouts.ts";
import { ERRNO, SystemCallError } from "./libc.ts";
import { Struct } from "./struct.ts";

/** Errors for a signal whose timings the driver cannot measure (vidioc-query-dv-timings.rst). */
const NO_TIMINGS: ReadonlyMap<number, string> = new Map([
  [ERRNO.ENOLINK, "has no signal at its input"],
  [ERRNO.ENOLCK, "cannot lock to the signal at its input"],
  [ERRNO.ERANGE, "gets a signal that is out of its range"],
]);

/** Errors of a driver or an input without timings (vidioc-query-dv-timings.rst). */
const CANNOT_TELL = new Set<number>([ERRNO.ENOTTY, ERRNO.ENODATA, ERRNO.EINVAL]);

/**
 * Makes the device adopt the signal at its input. To be called after events are subscribed to and before formats are read. Returns
 * the size of the signal; null when there is no such input. Throws SourceError when there is no usable signal, and SystemCallError
 * when the device is in use.
 */
export function adoptSignal(device: Device): Size | null {
  if (!hasTimings(device)) return null;
  const timings = queryTimings(device);
  if (timings === null) return null; // the device keeps its timings
  device.request("VIDIOC_S_DV_TIMINGS", timings);
  // Drivers report our own change as an event. These events are dropped, and the signal is queried again instead.
  while (device.attempt("VIDIOC_DQEVENT", new Struct("v4l2_event")) === 0);
  const size = sizeOf(timings);
  const since = queryTimings(device);
  const sizeSince = since === null ? null : sizeOf(since); // only sizes are compared: each measurement of the clock differs
  if (sizeSince?.width !== size.width || sizeSince.height !== size.height) {
    throw new SourceError(`${device.path} has a signal that is not stable`, { retry: true });
  }
  return size;
}

function sizeOf(timings: Struct<"v4l2_dv_timings">): Size {
  return { width: timings.get("bt.width"), height: timings.get("bt.height") };
}

/** The timings of the signal; null when they are not known. */
function queryTimings(device: Device): Struct<"v4l2_dv_timings"> | null {
  const timings = new Struct("v4l2_dv_timings");
  const errno = device.attempt("VIDIOC_QUERY_DV_TIMINGS", timings);
  if (CANNOT_TELL.has(errno)) return null;
  const trouble = NO_TIMINGS.get(errno);
  if (trouble !== undefined) throw new SourceError(`${device.path} ${trouble}`, { retry: true });
  if (errno !== 0) throw new SystemCallError(`VIDIOC_QUERY_DV_TIMINGS ${device.path}`, errno);
  return timings;
}

/** Whether the present input has timings. */
function hasTimings(device: Device): boolean {
  const index = device.attemptToGet("VIDIOC_G_INPUT");
  if (index === null) return false;
  const input = new Struct("v4l2_input").set({ index });
  return device.attempt("VIDIOC_ENUMINPUT", input) === 0 && (input.get("capabilities") & V4L2.IN_CAP_DV_TIMINGS) !== 0;
}
