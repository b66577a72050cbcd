// What the system's refusals mean to who uses a camera: one line each.

import { codeOf, messageOf } from "../../core/errors.ts";
import type { Setting } from "../control-values.ts";

/** What a device that was pulled out answers: ENODEV mostly, ESHUTDOWN while its bus is being taken down. */
const GONE: ReadonlySet<string | undefined> = new Set(["ENODEV", "ENXIO", "ENOENT", "ESHUTDOWN"]);

/** Whether it says that the device is not there any more, whatever was asked of it. */
export function isGone(error: unknown): boolean {
  return GONE.has(codeOf(error));
}

/** Of opening a device and running it. `name` is the camera's, for people. */
export function explainSystemCall(error: unknown, name: string): string {
  if (isGone(error)) return `${name} is not there any more`;
  switch (codeOf(error)) {
    case "EBUSY":
      return `${name} is in use by another program`;
    case "EACCES":
    case "EPERM":
      return `${name}: no permission (add yourself to the group 'video')`;
    case "ENOSPC":
      return `${name}: too little room on its USB bus beside other devices: take a smaller size or rate, or another socket`;
    case "ENOLINK":
      return `${name} has no signal`;
    default:
      return `${name} does not work: ${messageOf(error)}`;
  }
}

/**
 * Of a setting, where the same errors mean something else: as the pages on VIDIOC_S_EXT_CTRLS and on controls' flags have it
 * (Documentation/userspace-api/media/v4l). `name` is the control's.
 */
export function explainRefusedSetting(error: unknown, { name, value }: Setting): string {
  switch (codeOf(error)) {
    case "EACCES": // of an inactive control: uvcvideo does not keep the value for later, as other drivers do
      return `${name} cannot be set now: the control that does it automatically is on`;
    case "EBUSY":
      return `${name} cannot be set now: the camera needs it as it is while it runs, or another program has taken hold of it`;
    case "ERANGE":
    case "EINVAL":
      return `${name} was not set: the camera does not take the value ${value}`;
    default:
      return `${name} was not set: the camera did not answer as it should (${messageOf(error)}); try again`;
  }
}
