// What a camera may be called, on the command line and in slipstream.toml.

import { UsageError } from "../../core/errors.ts";
import { printable } from "../../core/printable.ts";
import { MAX_CAMERA_NAME_BYTES } from "../../protocol/wire.ts";

/** Returns the name, or throws UsageError when a camera cannot have it. */
export function checkCameraName(name: string): string {
  if (name.trim() === "" || printable(name) !== name || Buffer.byteLength(name) > MAX_CAMERA_NAME_BYTES) {
    throw new UsageError(
      `'${name}' cannot be a camera's name: it must be 1 to ${MAX_CAMERA_NAME_BYTES} bytes of printable text`,
    );
  }
  return name;
}
