// Opens the source that the user names with --source.

import { accessSync, constants, existsSync, statSync } from "node:fs";
import { basename, isAbsolute, join, resolve } from "node:path";
import { codeOf, MissingError, messageOf, SourceError, UsageError } from "../core/errors.ts";
import { explainFileError } from "../core/file-errors.ts";
import { type Log, SILENT_LOG } from "../core/log.ts";
import type { Sampling, Size } from "../core/pixel-format.ts";
import { isAddress, shownAddress, shownSource, withoutSecrets } from "../core/shown-address.ts";
import { CAN_WAIT_FOR_INPUT } from "../system/pipes.ts";
import { chooseCamera, listCameras } from "./camera/find.ts";
import { openCamera } from "./camera/open-camera.ts";
import { createWebcam } from "./camera/webcam.ts";
import type { Setting } from "./control-values.ts";
import { createFileSource } from "./file/file-source.ts";
import { createFolderSource } from "./file/folder-source.ts";
import { parseNetworkAddress } from "./network/address.ts";
import { openHttpSource } from "./open-http.ts";
import { openNamedPipe } from "./open-named-pipe.ts";
import { openNetworkSource } from "./open-network.ts";
import { createPattern } from "./pattern/pattern.ts";
import { createFfmpegSource } from "./pipe/ffmpeg.ts";
import { deviceInput, isRecording, urlInput } from "./pipe/ffmpeg-input.ts";
import { endWhenScreenChanges } from "./pipe/growing-screen.ts";
import { displayOf, isScreen, ownSession, parseScreen, type ScreenPlace, screenInput } from "./pipe/screen.ts";
import { rawPipeAt } from "./pipe/raw-input.ts";
import { createStandardInput } from "./pipe/standard-input.ts";
import type { FrameFormat, Source } from "./source.ts";

export interface SourceOptions {
  /**
   * The source: `pattern`, `screen`, `webcam`, `auto`, `-` for standard input, a URL, the path of a file, of a folder of videos or
   * of a device, or the index or the name of a camera.
   */
  source: string;
  /** The folder for relative paths. Default: the working directory. */
  folder?: string | undefined;
  /** The place of `source` in a settings file for error messages, for example `slipstream.toml:3: cameras[0].source`. */
  writtenAt?: string | undefined;
  /** The device for `webcam`. Default: null, which means the first device. */
  device?: string | null | undefined;
  /**
   * For an https address, a file with the certificates (PEM) to trust. Default: null, which means those of public authorities.
   */
  certificate?: string | null | undefined;
  /** The size. Default: null, which means the source's own size, or 1280 × 720 for a source that can have any size. */
  size?: Size | null | undefined;
  /**
   * The frame rate. 0 means as fast as possible, for `pattern`. Default: null, which means the source's own rate, or 30 for a
   * source that can have any rate.
   */
  framesPerSecond?: number | null | undefined;
  /** The quality of the pictures of `webcam`, from 1 to 100. Default: 75. */
  quality?: number | undefined;
  /** With 444, sources that can deliver the colour of each pixel do so. Default: 420. */
  sampling?: Sampling | undefined;
  /**
   * The pixel format on standard input, or the format to request from a camera. Default: null, which means `rgba`, or any format
   * of the camera.
   */
  pixelFormat?: FrameFormat | null | undefined;
  /** Controls to set on a camera, in this order. */
  settings?: readonly Setting[] | undefined;
}

export const DEFAULT_SIZE: Size = { width: 1280, height: 720 };
export const DEFAULT_FRAMES_PER_SECOND = 30;
const DEFAULT_QUALITY = 75;
const STANDARD_INPUT = rawPipeAt(0);

/**
 * Opens a source, which checks it as far as possible without starting it. Throws UsageError, MissingError or SourceError, with
 * `retry` when the source may be available later. `log` is the camera's log: `capture`, and below it the camera's name. It
 * receives the choice of `auto` and the reason.
 */
export function openSource(options: SourceOptions, log: Log = SILENT_LOG): Source {
  try {
    return openNamed(options, log);
  } catch (error) {
    throw forUser(error, options);
  }
}

/**
 * Adds the place in the settings file to the error, if there is one and the error does not already have a more exact one. Removes
 * passwords from a source that the error quotes.
 */
function forUser(error: unknown, { source, writtenAt, settings = [] }: SourceOptions): unknown {
  const isPlaced = settings.some((setting) => setting.writtenAt && messageOf(error).startsWith(setting.writtenAt));
  const text = shownSource(source) === source ? messageOf(error) : withoutSecrets(messageOf(error), source);
  const message = writtenAt === undefined || isPlaced ? text : `${writtenAt}: ${text}`;
  if (message === messageOf(error)) return error;
  if (error instanceof UsageError) return new UsageError(message, { retry: error.retry });
  if (error instanceof SourceError)
    return new SourceError(message, { retry: error.retry, pauseMs: error.pauseMs, cause: error });
  return error instanceof MissingError ? new MissingError(message, { cause: error }) : error;
}

function openNamed(options: SourceOptions, log: Log): Source {
  const { size = null, framesPerSecond = null, device: webcam = null, pixelFormat = null, sampling, folder } = options;
  const { certificate = null } = options;
  const source = folder === undefined ? options.source : pathIn(folder, options.source);
  if (source === "") throw new UsageError(`--source must not be empty: write ${WHAT_TO_WRITE}`);
  if (webcam !== null && source !== "webcam") {
    throw new UsageError(
      `--device applies only to --source webcam: to read the camera directly write --source ${webcam}`,
    );
  }
  if (framesPerSecond === 0 && source !== "pattern") {
    throw new UsageError("--fps 0 (without pause) applies only to --source pattern");
  }
  if (source === "auto") return openFirstCamera(options, log);
  const device = deviceOf(source, folder);
  const [setting] = options.settings ?? [];
  if (device === null && setting !== undefined) {
    const what = setting.writtenAt === undefined ? "--set applies" : `${setting.writtenAt}: it applies`;
    throw new UsageError(`${what} only to cameras on Linux, not to the source ${source}`);
  }
  if (device === null && pixelFormat !== null && source !== "-") {
    throw new UsageError(`--pixel-format applies only to cameras and to --source -, not to the source ${source}`);
  }
  const usualSize = size ?? DEFAULT_SIZE;
  const usualRate = framesPerSecond ?? DEFAULT_FRAMES_PER_SECOND;
  if (source === "pattern") return createPattern(usualSize, usualRate);
  if (source === "webcam") {
    const { quality = DEFAULT_QUALITY } = options;
    return createWebcam({ device: webcam, size: usualSize, framesPerSecond: usualRate, quality });
  }
  if (source === "-") {
    const format = pixelFormat ?? "rgba";
    const input = format !== "mjpeg" && CAN_WAIT_FOR_INPUT ? STANDARD_INPUT : Bun.stdin.stream();
    return createStandardInput({ input, format, size, framesPerSecond: framesPerSecond ?? 0 });
  }
  if (device !== null) return openDevice(device, options, log);
  if (certificate !== null && !/^https:/i.test(source)) {
    throw new UsageError(`--certificate applies only to https addresses, not to the source ${nameOf(source)}`);
  }
  if (/^https?:/i.test(source) && !isRecording(source)) {
    return openHttpSource({ url: source, name: nameOf(source), options, log });
  }
  const address = parseNetworkAddress(source);
  if (address !== null) return openNetworkSource({ url: source, name: nameOf(source), address, options, log });
  const output = { sampling: sampling ?? "420", log };
  if (isScreen(source)) {
    const place = parseScreen(source);
    const input = screenInput({ place, session: ownSession(), size, framesPerSecond: usualRate, log });
    return followingScreen(createFfmpegSource(input, output), place);
  }
  if (isAddress(source) && !isRecording(source)) {
    return createFfmpegSource(urlInput({ url: source, size, framesPerSecond }), output);
  }
  if (!isAddress(source)) {
    if (isFolder(source)) {
      const name = basename(resolve(source));
      return createFolderSource({ location: source, name, size, framesPerSecond, ...output });
    }
    checkReadable(source);
    if (statSync(source).isFIFO()) return openNamedPipe({ path: source, name: nameOf(source), options, log });
  }
  return createFileSource({ location: source, name: nameOf(source), size, framesPerSecond, ...output });
}

/** Wraps the source of an X11 screen, so that it follows a change of the screen's size. */
function followingScreen(source: Source, place: ScreenPlace): Source {
  const display = displayOf(place, ownSession());
  return display === null ? source : endWhenScreenChanges({ source, display, isPart: place.area !== null });
}

/** Returns the name of a source for people: the name of a file without its folder, or an address without its password. */
export function nameOf(source: string): string {
  if (isAddress(source)) return shownAddress(source);
  if (isScreen(source) || source.startsWith("/dev/")) return source;
  return basename(existsSync(source) ? source : shownSource(source));
}

const WHAT_TO_WRITE =
  "a path that exists, a camera that 'bun run cameras' lists, a URL, pattern, screen, or - for standard input";

/** Returns whether `source` is neither a path nor the name of a camera. */
function isKeyword(source: string): boolean {
  return ["auto", "pattern", "webcam", "-", ""].includes(source) || isScreen(source) || isAddress(source);
}

/** Returns whether a pixel format can apply. It applies to standard input, and to a camera, which may be plugged in later. */
export function mayTakePixelFormat({ source, folder = "." }: Pick<SourceOptions, "source" | "folder">): boolean {
  if (source === "-" || source === "auto") return true;
  return !isKeyword(source) && !isFileOrFolder(pathIn(folder, source));
}

/** Returns the path of `source` in `folder`, or `source` itself when it is not a relative path. */
function pathIn(folder: string, source: string): string {
  if (isKeyword(source) || isAbsolute(source)) return source;
  const path = join(folder, source);
  // On Linux a word with a slash can only be a path, even if the file does not exist.
  return existsSync(path) || (process.platform === "linux" && source.includes("/")) ? path : source;
}

/**
 * Returns the path of the camera that `source` names by path, index or name, or null when it does not name a camera. Throws
 * UsageError.
 */
function deviceOf(source: string, folder: string | undefined): string | null {
  if (isKeyword(source)) return null;
  if (isDevice(source)) return source;
  // A word with a slash is a path, even if the file does not exist. A word that is not a file can only be a camera.
  if (process.platform !== "linux" || source.includes("/") || existsSync(join(folder ?? ".", source))) return null;
  try {
    return chooseCamera(listCameras(), source).path;
  } catch (error) {
    if (!(error instanceof UsageError) || !error.retry || /^\d+$/.test(source)) throw error;
    const place = folder === undefined ? "" : ` (relative paths start at ${folder})`;
    const there = error.message.replace(`there is no camera '${source}': `, "");
    const text = `'${source}' is neither a file${place} nor a camera: write ${WHAT_TO_WRITE} (${there})`;
    throw new UsageError(text, { retry: true });
  }
}

/** Opens a camera: through V4L2 on Linux, otherwise through ffmpeg. */
function openDevice(device: string, options: SourceOptions, log: Log): Source {
  checkReadable(device);
  const { size = null, framesPerSecond = null, sampling, pixelFormat = null, settings = [] } = options;
  if (process.platform === "linux") {
    const wanted = { size, framesPerSecond, format: pixelFormat };
    const camera = openCamera({ path: device, wanted, settings, log });
    if (camera !== null) return camera;
  }
  const ignored = settings.length > 0 ? "--set" : pixelFormat !== null ? "--pixel-format" : null;
  if (ignored !== null) {
    throw new UsageError(`${ignored} applies only to cameras that are read through V4L2, but ffmpeg reads ${device}`);
  }
  const input = deviceInput({ device, platform: process.platform, size, framesPerSecond });
  return createFfmpegSource(input, { sampling: sampling ?? "420", log });
}

function openFirstCamera(options: SourceOptions, log: Log): Source {
  const cameras = listCameras();
  const camera = (cameras.find(({ isMultiPlanar }) => !isMultiPlanar) ?? cameras[0])?.path;
  if (camera === undefined) {
    log.info("no camera was found, so the server shows a test picture (--source names other sources)");
  } else {
    try {
      const source = openNamed({ ...options, source: camera }, log);
      log.info(`camera found: ${camera}`);
      return source;
    } catch (error) {
      if (!(error instanceof MissingError || error instanceof SourceError)) throw error;
      log.warning(`camera ${camera} cannot be used: ${error.message} (showing the pattern)`);
    }
  }
  // The user has given the format for a camera, so it does not apply to the pattern.
  return openNamed({ ...options, source: "pattern", pixelFormat: null }, log);
}

function isDevice(source: string): boolean {
  if (process.platform === "linux") return source.startsWith("/dev/");
  // If a file or folder of this name exists, it is the source. Any other text is the platform's name of a camera.
  return !isFileOrFolder(source);
}

function isFileOrFolder(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  return found !== undefined && (found.isFile() || found.isDirectory());
}

/** Whether a path is that of a folder. If it cannot be found out, the caller's next step reports the reason. */
function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

function checkReadable(path: string): void {
  if (process.platform !== "linux" && isDevice(path)) return; // On these platforms a camera's name is not a path.
  try {
    accessSync(path, constants.R_OK);
  } catch (cause) {
    // A file that is missing or may not be read can become readable later.
    const retry = UNREADABLE[codeOf(cause) ?? ""] === undefined ? false : "soon";
    throw new SourceError(`cannot read ${path}: ${explainFileError(cause, UNREADABLE)}`, { retry, cause });
  }
  if (statSync(path).isDirectory()) {
    throw new SourceError(`cannot read ${path}: it is a folder, not a video`, { retry: false });
  }
}

const UNREADABLE: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file or device",
  ENOTDIR: "there is no such file or device",
  EACCES: "no permission (for a camera: add yourself to the group 'video')",
};
