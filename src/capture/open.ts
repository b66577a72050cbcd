// From what the user wrote after --source to a source.

import { accessSync, constants, existsSync, statSync } from "node:fs";
import { basename, isAbsolute, join } from "node:path";
import { codeOf, MissingError, messageOf, SourceError, UsageError } from "../core/errors.ts";
import type { Sampling, Size } from "../core/pixel-format.ts";
import { createFfmpegSource, deviceInput, fileInput, isAddress, urlInput, withoutPassword } from "./pipe/ffmpeg.ts";
import { createPattern } from "./pattern/pattern.ts";
import { isScreen, ownSession, parseScreen, screenInput } from "./pipe/screen.ts";
import { createStandardInput } from "./pipe/standard-input.ts";
import type { FrameFormat, Source } from "./source.ts";
import type { Setting } from "./control-values.ts";
import { chooseCamera, listCameras } from "./camera/find.ts";
import { openCamera } from "./camera/open-camera.ts";
import { createWebcam } from "./camera/webcam.ts";

export interface SourceOptions {
  source: string;
  /** Where a path as `source` counts from; left out = the working directory. */
  folder?: string;
  /** Where in a settings file `source` is, for errors: `slipstream.toml:3: cameras[0].source`. */
  writtenAt?: string;
  /** For `webcam`: which one. */
  device: string | null;
  /** null = the source's own, or the default of those that have none. */
  size: Size | null;
  framesPerSecond: number | null;
  quality: number;
  /** 444: sources that have all colours, or can make them, hand them over. */
  sampling: Sampling;
  /** For `-`: what it carries; for a camera: what it is asked for. null = rgba, and whatever suits best. */
  pixelFormat: FrameFormat | null;
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
  try {
    return openWanted(options, say);
  } catch (error) {
    throw withPlace(error, options);
  }
}

/** The error with the place in the settings file, where there is one and it does not say a better one itself. */
function withPlace(error: unknown, { writtenAt, settings = [] }: SourceOptions): unknown {
  const isPlaced = settings.some((setting) => setting.writtenAt && messageOf(error).startsWith(setting.writtenAt));
  if (writtenAt === undefined || isPlaced) return error;
  const message = `${writtenAt}: ${messageOf(error)}`;
  if (error instanceof UsageError) return new UsageError(message, { retry: error.retry });
  if (error instanceof SourceError) return new SourceError(message, { retry: error.retry, cause: error });
  return error instanceof MissingError ? new MissingError(message, { cause: error }) : error;
}

function openWanted(options: SourceOptions, say: (text: string) => void): Source {
  const { size, framesPerSecond, folder } = options;
  const source = folder === undefined ? options.source : pathIn(folder, options.source);
  if (source === "") throw new UsageError(`--source must not be empty: write ${WHAT_TO_WRITE}`);
  if (options.device !== null && source !== "webcam") {
    throw new UsageError(
      `--device goes with --source webcam only; for a camera itself write --source ${options.device}`,
    );
  }
  if (framesPerSecond === 0 && source !== "pattern") {
    throw new UsageError("--fps 0 (without pause) goes with --source pattern only");
  }
  if (source === "auto") return openFirstCamera(options, say);
  const device = deviceOf(source, folder);
  const [setting] = options.settings ?? [];
  if (device === null && setting !== undefined) {
    const what = setting.writtenAt === undefined ? "--set goes" : `${setting.writtenAt}: settings go`;
    throw new UsageError(`${what} with cameras on Linux only, not with the source ${source}`);
  }
  if (device === null && options.pixelFormat !== null && source !== "-") {
    throw new UsageError(`--pixel-format goes with cameras and with --source - only, not with the source ${source}`);
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

const WHAT_TO_WRITE =
  "a path that exists, a camera that 'bun run cameras' lists, a URL, pattern, screen, or - for standard input";

/** Whether `source` is neither a path nor a camera's name. */
function isElse(source: string): boolean {
  return ["auto", "pattern", "webcam", "-", ""].includes(source) || isScreen(source) || isAddress(source);
}

/** Whether a pixel format may mean something to it: standard input or a camera, also one that is not there yet. */
export function mayTakePixelFormat({ source, folder = "." }: Pick<SourceOptions, "source" | "folder">): boolean {
  if (source === "-" || source === "auto") return true;
  return !isElse(source) && !statSync(pathIn(folder, source), { throwIfNoEntry: false })?.isFile();
}

/** `source` itself where it is no path. */
function pathIn(folder: string, source: string): string {
  if (isElse(source) || isAbsolute(source)) return source;
  const path = join(folder, source);
  // On Linux a word with a slash can only be a path, be there anything or not.
  return existsSync(path) || (process.platform === "linux" && source.includes("/")) ? path : source;
}

/** The camera that is meant, by path, index or name; null where `source`, a path or not, is something else. Throws UsageError. */
function deviceOf(source: string, folder: string | undefined): string | null {
  if (isElse(source)) return null;
  if (isDevice(source)) return source;
  // A path is a path, be there anything or not; a word that is no file can only be a camera.
  if (process.platform !== "linux" || source.includes("/") || existsSync(join(folder ?? ".", source))) return null;
  try {
    return chooseCamera(listCameras(), source).path;
  } catch (error) {
    if (!(error instanceof UsageError) || !error.retry || /^\d+$/.test(source)) throw error;
    const place = folder === undefined ? "" : ` (paths count from ${folder})`;
    const there = error.message.replace(`there is no camera '${source}'; `, "");
    const text = `'${source}' is neither a file${place} nor a camera: write ${WHAT_TO_WRITE}; ${there}`;
    throw new UsageError(text, { retry: true });
  }
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
  const ignored = settings.length > 0 ? "--set" : pixelFormat !== null ? "--pixel-format" : null;
  if (ignored !== null) {
    throw new UsageError(`${ignored} goes with cameras that are read by V4L2 only; ${device} is read by ffmpeg`);
  }
  return createFfmpegSource(deviceInput(device, process.platform, size, framesPerSecond), sampling);
}

function openFirstCamera(options: SourceOptions, say: (text: string) => void): Source {
  const cameras = listCameras();
  const camera = (cameras.find(({ isMultiPlanar }) => !isMultiPlanar) ?? cameras[0])?.path;
  if (camera === undefined) {
    say("no camera found: showing the pattern (--source tells what else there is)");
  } else {
    try {
      const source = openWanted({ ...options, source: camera }, say);
      say(`camera found: ${camera}`);
      return source;
    } catch (error) {
      if (!(error instanceof MissingError || error instanceof SourceError)) throw error;
      say(`camera ${camera} cannot be used, showing the pattern: ${error.message}`);
    }
  }
  return openWanted({ ...options, source: "pattern", pixelFormat: null }, say); // which was asked of a camera
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
