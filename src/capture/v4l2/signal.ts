// Handles the signal at the input of a capture card. The signal determines size and rate, and the card adopts them only on
// request.
//
// An application must query the timings of the signal and set them, because the driver never does this by itself
// (Documentation/userspace-api/media/v4l/dv-timings.rst). Cameras do not have these inputs. USB cards do not have them either,
// because they scale their signal.

import { SourceError } from "../../core/errors.ts";
import type { Size } from "../../core/pixel-format.ts";
import type { Device } from "../../system/v4l2/device.ts";
import { V4L2 } from "../../system/v4l2/layouts.ts";
import { ERRNO, SystemCallError } from "../../system/v4l2/libc.ts";
import { Struct } from "../../system/v4l2/struct.ts";

type SignalDevice = Pick<Device, "path" | "attempt" | "attemptToGet" | "request">;

/** The errors for a signal whose timings the driver cannot measure (vidioc-query-dv-timings.rst). */
const NO_TIMINGS: ReadonlyMap<number, string> = new Map([
  [ERRNO.ENOLINK, "has no signal at its input"],
  [ERRNO.ENOLCK, "cannot lock to the signal at its input"],
  [ERRNO.ERANGE, "gets a signal that is out of its range"],
]);

/** The errors of a driver or an input without timings (vidioc-query-dv-timings.rst). */
const CANNOT_TELL = new Set<number>([ERRNO.ENOTTY, ERRNO.ENODATA, ERRNO.EINVAL]);

/**
 * Makes the device adopt the signal at its input. It must be called after the subscription to events and before formats are read.
 * Returns the size of the signal, or null when the input has no timings. Throws SourceError when there is no usable signal, and
 * SystemCallError when the device is in use.
 */
export function adoptSignal(device: SignalDevice): Size | null {
  if (!hasTimings(device)) return null;
  const timings = queryTimings(device);
  if (timings === null) return null; // The timings are unknown, so the device keeps its own.
  device.request("VIDIOC_S_DV_TIMINGS", timings);
  // Drivers report our own change as an event. These events are dropped, and the signal is queried again.
  while (device.attempt("VIDIOC_DQEVENT", new Struct("v4l2_event")) === 0);
  const size = sizeOf(timings);
  const since = queryTimings(device);
  // Only sizes are compared, because each measurement of the clock differs.
  const sizeSince = since === null ? null : sizeOf(since);
  if (sizeSince?.width !== size.width || sizeSince.height !== size.height) {
    throw new SourceError(`${device.path} has a signal that is not stable`, { retry: "soon" });
  }
  return size;
}

function sizeOf(timings: Struct<"v4l2_dv_timings">): Size {
  return { width: timings.get("bt.width"), height: timings.get("bt.height") };
}

/** Returns the timings of the signal, or null if they are unknown. */
function queryTimings(device: SignalDevice): Struct<"v4l2_dv_timings"> | null {
  const timings = new Struct("v4l2_dv_timings");
  const errno = device.attempt("VIDIOC_QUERY_DV_TIMINGS", timings);
  if (CANNOT_TELL.has(errno)) return null;
  const trouble = NO_TIMINGS.get(errno);
  if (trouble !== undefined) throw new SourceError(`${device.path} ${trouble}`, { retry: "soon" });
  if (errno !== 0) throw new SystemCallError(`VIDIOC_QUERY_DV_TIMINGS ${device.path}`, errno);
  return timings;
}

/** Returns whether the current input has timings. */
function hasTimings(device: SignalDevice): boolean {
  const index = device.attemptToGet("VIDIOC_G_INPUT");
  if (index === null) return false;
  const input = new Struct("v4l2_input").set({ index });
  return device.attempt("VIDIOC_ENUMINPUT", input) === 0 && (input.get("capabilities") & V4L2.IN_CAP_DV_TIMINGS) !== 0;
}
