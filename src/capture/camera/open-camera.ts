// From a device's path to a running camera: looks at it, and says at once what cannot be.

import { SourceError, UsageError } from "../../core/errors.ts";
import type { Source } from "../source.ts";
import { createCameraSource } from "./camera-source.ts";
import type { Setting } from "../control-values.ts";
import { checkSettings } from "../v4l2/controls.ts";
import { Device, refuseBusy } from "../v4l2/device.ts";
import { explainSystemCall } from "../v4l2/explain.ts";
import { explainMultiPlanar, listCameras, nodeIndexOf } from "./find.ts";
import { type CameraFormat, frameFormatOf, readFormats } from "../v4l2/formats.ts";
import { hasLibc, SystemCallError } from "../v4l2/libc.ts";
import { chooseMode, USUAL_SIZE, type Wanted } from "../v4l2/negotiate.ts";

/**
 * A camera by V4L2, or null where only ffmpeg can do it, with a line that says why. Throws UsageError for settings and
 * formats the camera does not have, SourceError where it cannot be opened.
 */
export function openCamera(
  path: string,
  wanted: Wanted,
  settings: readonly Setting[],
  say: (text: string) => void,
): Source | null {
  if (!hasLibc()) {
    say(`${path} is read by ffmpeg: V4L2 is spoken on Linux with x86-64 or arm64 only`);
    return null;
  }
  try {
    using device = new Device(path);
    const capability = device.capability();
    if (capability.isMultiPlanar) throw new SourceError(explainMultiPlanar(path), { retry: false });
    if (!capability.isCamera) throw new SourceError(`${path} is no camera: it delivers no pictures`, { retry: false });
    refuseBusy(device);
    const formats = readFormats(device, wanted.size ?? USUAL_SIZE);
    const mode = chooseMode(formats, wanted);
    if (mode === null) {
      if (wanted.format !== null) throw new UsageError(`${path} has no ${wanted.format}; it has ${listOf(formats)}`);
      say(`${path} has formats that only ffmpeg reads (${listOf(formats)}): it is read by ffmpeg`);
      return null;
    }
    checkSettings(device, settings);
    const { card, bus } = capability;
    const others = listCameras()
      .filter((other) => other.card === card && other.bus !== bus)
      .map((other) => other.bus);
    const identity = { card, bus, nodeIndex: nodeIndexOf(path) };
    return createCameraSource({ path, identity, others, wanted, mode, settings, say });
  } catch (cause) {
    if (!(cause instanceof SystemCallError)) throw cause;
    const text = cause.code === "ENOTTY" ? `${path} is no camera` : explainSystemCall(cause, path);
    throw new SourceError(text, { retry: cause.code !== "ENOTTY", cause });
  }
}

function listOf(formats: readonly CameraFormat[]): string {
  return formats.map(({ fourcc }) => nameWithOurs(fourcc)).join(", ");
}

function nameWithOurs(fourcc: string): string {
  const known = frameFormatOf(fourcc);
  return known === null ? fourcc : `${fourcc} (${known})`;
}
