// What the system's refusals mean to who uses a camera: one line each.

import { codeOf, messageOf } from "../../../core/errors.ts";

/** `name` is the camera's, for people. */
export function explainSystemCall(error: unknown, name: string): string {
  switch (codeOf(error)) {
    case "EBUSY":
      return `${name} is in use by another program`;
    case "EACCES":
    case "EPERM":
      return `${name}: no permission (add yourself to the group 'video')`;
    case "ENODEV":
    case "ENXIO":
    case "ENOENT":
    case "ESHUTDOWN":
      return `${name} is not there any more`;
    case "ENOSPC":
      return `${name}: too little room on its USB bus beside other devices: take a smaller size or rate, or another socket`;
    case "ENOLINK":
      return `${name} has no signal`;
    default:
      return `${name} does not work: ${messageOf(error)}`;
  }
}
