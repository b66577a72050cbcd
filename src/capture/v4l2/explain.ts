// Explains the system's errors to the user of a camera in one line.

import { codeOf, messageOf } from "../../core/errors.ts";
import type { Setting } from "../control-values.ts";

/** The errors of a device that was unplugged: usually ENODEV, and ESHUTDOWN while its bus is being shut down. */
const GONE: ReadonlySet<string | undefined> = new Set(["ENODEV", "ENXIO", "ENOENT", "ESHUTDOWN"]);

/** Returns whether the error means that the device is gone. This holds for all requests. */
export function isGone(error: unknown): boolean {
  return GONE.has(codeOf(error));
}

/** Explains an error of opening or running the camera `name`. */
export function explainSystemCall(error: unknown, name: string): string {
  if (isGone(error)) return `${name} is not there any more`;
  switch (codeOf(error)) {
    case "EBUSY":
      return `${name} is in use by another program`;
    case "EACCES":
    case "EPERM":
      return `there is no permission to open ${name}: add yourself to the group 'video'`;
    case "ENOSPC":
      return `${name} does not get enough bandwidth on its USB bus: choose a smaller size or rate, or another socket`;
    case "ENOLINK":
      return `${name} has no signal`;
    default:
      return `${name} does not work: ${messageOf(error)}`;
  }
}

/**
 * Explains why the control `name` was not set. Here the error names do not mean the same as in `explainSystemCall`: see
 * VIDIOC_S_EXT_CTRLS and the flags of controls (Documentation/userspace-api/media/v4l).
 */
export function explainRefusedSetting(error: unknown, { name, value }: Setting): string {
  switch (codeOf(error)) {
    case "EACCES": // The control is inactive. Other drivers keep the value for later, but uvcvideo refuses it.
      return `${name} cannot be set now, because its automatic mode is on`;
    case "EBUSY":
      return `${name} cannot be set now, because the running camera needs the current value, or another program has locked the control`;
    case "ERANGE":
    case "EINVAL":
      return `${name} was not set: the camera does not accept the value ${value}`;
    default:
      return `${name} was not set: the camera did not answer correctly (${messageOf(error)}): try again`;
  }
}
