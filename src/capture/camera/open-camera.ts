// Opens a camera by its path: checks the device, the wanted format and the settings before the camera is started.

import { SourceError, UsageError } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";
import type { Setting } from "../control-values.ts";
import type { Source } from "../source.ts";
import { checkSettings } from "../v4l2/controls.ts";
import { Device, refuseBusy } from "../../system/v4l2/device.ts";
import { explainSystemCall } from "../../system/v4l2/explain.ts";
import { type CameraFormat, frameFormatOf, readFormats } from "../v4l2/formats.ts";
import { hasLibc, SystemCallError } from "../../system/v4l2/libc.ts";
import { chooseMode, describeMode, USUAL_SIZE, type Wanted } from "../v4l2/negotiate.ts";
import { createCameraSource } from "./camera-source.ts";
import { explainMultiPlanar, listCameras, nodeIndexOf } from "./find.ts";

export interface CameraToOpen {
  path: string;
  wanted: Wanted;
  settings: readonly Setting[];
  /**
   * The log gets the reason if ffmpeg reads the camera instead. At level `debug` it also gets the formats, and each request that
   * the driver refuses.
   */
  log: Log;
}

/**
 * Opens a camera through V4L2. When only ffmpeg can read it, the reason is logged and the result is null. Throws UsageError for
 * settings and formats that the camera does not have, and SourceError when it cannot be opened.
 */
export function openCamera({ path, wanted, settings, log }: CameraToOpen): Source | null {
  if (!hasLibc()) {
    log.info(`ffmpeg reads ${path}, because V4L2 is supported only on Linux with x86-64 or arm64`);
    return null;
  }
  try {
    using device = new Device(path, (refusal) => log.debug(refusal));
    const capability = device.capability();
    if (capability.isMultiPlanar) throw new SourceError(explainMultiPlanar(path), { retry: false });
    if (!capability.isCamera)
      throw new SourceError(`${path} is not a camera: it delivers no pictures`, { retry: false });
    refuseBusy(device);
    const formats = readFormats(device, wanted.size ?? USUAL_SIZE);
    log.debug(`the formats of ${path} are ${listOf(formats)}`);
    const mode = chooseMode(formats, wanted);
    if (mode === null) {
      if (wanted.format !== null)
        throw new UsageError(`${path} does not have the format ${wanted.format}: its formats are ${listOf(formats)}`);
      log.info(`ffmpeg reads ${path}, because Slipstream supports none of its formats (${listOf(formats)})`);
      return null;
    }
    log.debug(`${path} will run with ${describeMode(mode)}`);
    checkSettings(device, settings);
    const { card, bus } = capability;
    const others = listCameras()
      .filter((other) => other.card === card && other.bus !== bus)
      .map((other) => other.bus);
    const identity = { card, bus, nodeIndex: nodeIndexOf(path) };
    return createCameraSource({ path, identity, others, wanted, mode, settings, log });
  } catch (cause) {
    if (!(cause instanceof SystemCallError)) throw cause;
    const text = cause.code === "ENOTTY" ? `${path} is not a camera` : explainSystemCall(cause, path);
    throw new SourceError(text, { retry: cause.code === "ENOTTY" ? false : "soon", cause });
  }
}

function listOf(formats: readonly CameraFormat[]): string {
  return formats.map(({ fourcc }) => bothNames(fourcc)).join(", ");
}

/** Returns the driver's name of a format and our name if there is one, for example `YUYV (yuyv422)`. */
function bothNames(fourcc: string): string {
  const known = frameFormatOf(fourcc);
  return known === null ? fourcc : `${fourcc} (${known})`;
}
