// From what the user wrote after --source to a source.

import { accessSync, constants, existsSync, statSync } from "node:fs";
import { basename } from "node:path";
import { codeOf, MissingError, messageOf, SourceError, UsageError } from "../../core/errors.ts";
import type { Sampling } from "../../codec/simd/encoder.ts";
import type { Size } from "../../core/pixel-format.ts";
import { isAddress, withoutPassword } from "./address.ts";
import { createFfmpegSource, deviceInput, fileInput, urlInput } from "./ffmpeg.ts";
import { createPattern } from "./pattern.ts";
import { isScreen, ownSession, parseScreen, screenInput } from "./screen.ts";
import type { Source } from "./source.ts";
import { createStandardInput, type InputFormat } from "./standard-input.ts";
import type { Setting } from "./control-values.ts";
import { chooseCamera, findCameras } from "./v4l2/find.ts";
import { openCamera } from "./v4l2/open-camera.ts";
import { createWebcam } from "./webcam.ts";

export interface SourceOptions {
  source: string;
  /** For `webcam`: which one. */
  device: string | null;
  /** null = the source's own, or the default of those that have none. */
  size: Size | null;
  framesPerSecond: number | null;
  quality: number;
  /** 444: sources that have all colours, or can make them, hand them over. */
  sampling: Sampling;
  /** For `-`: what it carries; for a camera: what it is asked for. null = rgba, and whatever suits best. */
  pixelFormat: InputFormat | null;
  /** For a camera: settings to be made. */
  settings?: readonly Setting[];
}

export const DEFAULT_SIZE: Size = { width: 1280, height: 720 };
export const DEFAULT_FRAMES_PER_SECOND = 30;

/**
 * A source that has been looked at, so far as that can be done without starting it. Throws UsageError, MissingError or
 * SourceError, with `retry` where it may be there later; `say` hears what `auto` chose and why.
 */
export function openSource(options: SourceOptions, say: (text: string) => void): Source {
  const { source, size, framesPerSecond } = options;
  if (options.device !== null && source !== "webcam") {
    throw new UsageError(
      `--device goes with --source webcam only; for a camera itself write --source ${options.device}`,
    );
  }
  if (framesPerSecond === 0 && source !== "pattern") {
    throw new UsageError("--fps 0 (without pause) goes with --source pattern only");
  }
  if (source === "auto") return openFirstCamera(options, say);
  const device = deviceOf(source);
  const settings = options.settings ?? [];
  if (device === null && settings.length > 0) {
    throw new UsageError(`--set goes with cameras on Linux only, not with --source ${source}`);
  }
  if (source === "pattern") {
    return createPattern(size ?? DEFAULT_SIZE, framesPerSecond ?? DEFAULT_FRAMES_PER_SECOND);
  }
  if (source === "webcam") {
    const rate = framesPerSecond ?? DEFAULT_FRAMES_PER_SECOND;
    return createWebcam(options.device, size ?? DEFAULT_SIZE, rate, options.quality);
  }
  if (source === "-") {
    return createStandardInput(Bun.stdin.stream(), options.pixelFormat ?? "rgba", size, framesPerSecond ?? 0);
  }
  if (isScreen(source)) {
    const rate = framesPerSecond ?? DEFAULT_FRAMES_PER_SECOND;
    return createFfmpegSource(screenInput(parseScreen(source), ownSession(), size, rate, say), options.sampling);
  }
  if (isAddress(source)) {
    return createFfmpegSource(urlInput(source, size, framesPerSecond), options.sampling);
  }
  if (device !== null) return openDevice(device, options, say);
  checkReadable(source);
  return createFfmpegSource(fileInput(source, nameOf(source), size, framesPerSecond), options.sampling);
}

/** What a source is called for people; a file by its name alone, an address without its password. */
export function nameOf(source: string): string {
  if (isAddress(source)) return withoutPassword(source);
  return isScreen(source) || source.startsWith("/dev/") ? source : basename(source);
}

/** The camera that is meant, by path, index or name; null where `source` is something else. Throws UsageError. */
function deviceOf(source: string): string | null {
  const isElse = ["pattern", "webcam", "-", ""].includes(source) || isScreen(source) || isAddress(source);
  if (isElse) return null;
  if (isDevice(source)) return source;
  // A path is a path, be there anything or not; a word that is no file can only be a camera.
  if (process.platform !== "linux" || source.includes("/") || existsSync(source)) return null;
  return chooseCamera(findCameras(), source).path;
}

/** A camera: by V4L2 where that is spoken, else by ffmpeg. */
function openDevice(device: string, options: SourceOptions, say: (text: string) => void): Source {
  checkReadable(device);
  const { size, framesPerSecond, sampling, pixelFormat, settings = [] } = options;
  if (process.platform === "linux") {
    const wanted = { size, framesPerSecond, format: pixelFormat };
    const camera = openCamera(device, wanted, settings, say);
    if (camera !== null) return camera;
  }
  if (settings.length > 0) {
    throw new UsageError(`--set goes with cameras that are read by V4L2 only; ${device} is read by ffmpeg`);
  }
  return createFfmpegSource(deviceInput(device, process.platform, size, framesPerSecond), sampling);
}

function openFirstCamera(options: SourceOptions, say: (text: string) => void): Source {
  const cameras = findCameras();
  const camera = (cameras.find(({ isMultiPlanar }) => !isMultiPlanar) ?? cameras[0])?.path;
  if (camera === undefined) {
    say("no camera found: showing the pattern (--source tells what else there is)");
  } else {
    try {
      const source = openSource({ ...options, source: camera }, say);
      say(`camera found: ${camera}`);
      return source;
    } catch (error) {
      if (!(error instanceof MissingError || error instanceof SourceError)) throw error;
      say(`camera ${camera} cannot be used, showing the pattern: ${error.message}`);
    }
  }
  return openSource({ ...options, source: "pattern" }, say);
}

function isDevice(source: string): boolean {
  if (process.platform === "linux") return source.startsWith("/dev/");
  // A file that is there is a file; anything else is what the platform calls a camera.
  return !statSync(source, { throwIfNoEntry: false })?.isFile();
}

function checkReadable(path: string): void {
  if (process.platform !== "linux" && isDevice(path)) return; // names of cameras there are no paths
  try {
    accessSync(path, constants.R_OK);
  } catch (cause) {
    const explanation = EXPLANATIONS[codeOf(cause) ?? ""];
    throw new SourceError(`cannot read ${path}: ${explanation ?? messageOf(cause)}`, {
      retry: explanation !== undefined, // what is missing or locked may be there, or opened, later
      cause,
    });
  }
  if (statSync(path).isDirectory()) {
    throw new SourceError(`cannot read ${path}: it is a folder, not a video`, { retry: false });
  }
}

const EXPLANATIONS: Record<string, string | undefined> = {
  ENOENT: "there is no such file or device",
  EACCES: "no permission (for a camera: add yourself to the group 'video')",
  ENOTDIR: "there is no such file or device",
};
