// Checks the name of a camera from the command line or from slipstream.toml.

import { UsageError } from "../../core/errors.ts";
import { printable } from "../../core/printable.ts";
import { MAX_CAMERA_NAME_BYTES } from "../../protocol/wire.ts";

/** Returns the name, or throws UsageError when it is not a valid camera name. */
export function checkCameraName(name: string): string {
  if (name.trim() === "" || printable(name) !== name || Buffer.byteLength(name) > MAX_CAMERA_NAME_BYTES) {
    throw new UsageError(
      `'${name}' is not a valid camera name: write 1 to ${MAX_CAMERA_NAME_BYTES} bytes of printable text`,
    );
  }
  return name;
}
