// Explains the system's errors about a video device in one line.

import { codeOf, messageOf } from "../../core/errors.ts";

/** The errors of a device that was unplugged: usually ENODEV, and ESHUTDOWN while its bus is being shut down. */
const GONE: ReadonlySet<string | undefined> = new Set(["ENODEV", "ENXIO", "ENOENT", "ESHUTDOWN"]);

/** Returns whether the error means that the device is gone. This holds for all requests. */
export function isGone(error: unknown): boolean {
  return GONE.has(codeOf(error));
}

/** Explains an error of opening or running the device `name`, which is usually a camera. */
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
