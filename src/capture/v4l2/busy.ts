// Whether another program has a camera, asked before anything is changed about it.

import type { Device } from "./device.ts";
import { V4L2 } from "./layouts.ts";
import { ERRNO, SystemCallError } from "./libc.ts";
import { Struct } from "./struct.ts";

/**
 * Throws SystemCallError (EBUSY) where another program has the device's buffers. Else that would come out only when the camera
 * is started, which is too late for who opens it to take another source. To ask for no buffers takes none (VIDIOC_REQBUFS).
 */
export function refuseBusy(device: Pick<Device, "attempt" | "path">): void {
  const none = { count: 0, type: V4L2.BUF_TYPE_VIDEO_CAPTURE, memory: V4L2.MEMORY_MMAP };
  const errno = device.attempt("VIDIOC_REQBUFS", new Struct("v4l2_requestbuffers").set(none));
  if (errno === ERRNO.EBUSY) throw new SystemCallError(`VIDIOC_REQBUFS ${device.path}`, errno);
}
