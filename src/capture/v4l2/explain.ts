// Explains in one line why a camera did not take a setting.

import { codeOf, messageOf } from "../../core/errors.ts";
import type { Setting } from "../control-values.ts";

/**
 * Explains why the control `name` was not set. Here the error names do not mean the same as in `explainSystemCall`
 * (system/v4l2/explain.ts): see VIDIOC_S_EXT_CTRLS and the flags of controls (Documentation/userspace-api/media/v4l).
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
