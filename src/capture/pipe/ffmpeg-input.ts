// The arguments with which ffmpeg reads a file, an address or a camera. They switch off ffmpeg's hidden delays.

import type { Size } from "../../core/pixel-format.ts";
import { isAddress, shownAddress } from "../../core/shown-address.ts";
import { SILENCE_MS } from "../../protocol/silence.ts";
import { withEncodedUser } from "../encoded-user.ts";
import { addressInput } from "./hidden-address.ts";

export interface FfmpegInput {
  /** The source's name, for people. */
  name: string;
  /** The arguments before and with `-i`. */
  arguments: readonly string[];
  /** The size to which ffmpeg scales. Null keeps the input's own size. */
  size: Size | null;
  /** The rate to which ffmpeg converts. Null keeps the input's own rate. */
  framesPerSecond: number | null;
  /** The rate that is requested from the device. Null means that none is requested. */
  askedFramesPerSecond: number | null;
  /** True if the input has RGB pixels. ffmpeg does not convert them, because the encoder does that anyway. */
  isRgb: boolean;
  /** ffmpeg filters that this input needs before all others. */
  filters: readonly string[];
  /**
   * The path of a file that ffmpeg gets as its standard input. This is for names with `%`, which ffmpeg would read as a pattern
   * of names. Null for all other input.
   */
  openedPath: string | null;
  /**
   * True if the input is a recording. A pause in it is part of the recording, and the last picture is delivered again during the
   * pause.
   */
  isRecording: boolean;
  /** The path of a device, which exists while the device is plugged in. Null for other inputs. */
  devicePath: string | null;
  /** The content of ffmpeg's standard input. Null means that ffmpeg opens the input itself. */
  body: ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer> | null;
  /** The address that ffmpeg opens, with its password. Null for other inputs. */
  address: string | null;
  /** The longest time without a frame. After it, ffmpeg counts as hung. 0 means no limit. */
  stallTimeoutMs: number;
}

/** The requested size and rate. Null means the input's own. */
export interface WantedOfInput {
  size: Size | null;
  framesPerSecond: number | null;
}

/**
 * The longest time without a frame from a network. It is longer than that of a device. TCP recovers from a lost packet or a
 * change of access point within some seconds, while a new RTSP session takes several round trips and then waits for a key frame,
 * often 2 to 10 s.
 */
const NETWORK_STALL_MS = 10_000;

const PLAIN: Omit<FfmpegInput, "name" | "arguments"> = {
  size: null,
  framesPerSecond: null,
  askedFramesPerSecond: null,
  isRgb: false,
  filters: [],
  openedPath: null,
  isRecording: false,
  devicePath: null,
  body: null,
  address: null,
  stallTimeoutMs: 0,
};

/**
 * Arguments for live input. A demuxer keeps the frames from which it guesses the stream's parameters, and plays them first. So
 * all later frames are late. `nobuffer` drops these first frames. It is not used for files, because they would lose their
 * beginning.
 */
const LIVE_OPTIONS = { fflags: "nobuffer" };
export const LIVE_ARGUMENTS: readonly string[] = ["-fflags", LIVE_OPTIONS.fflags];

/** The protocols that ffmpeg may use for a file. It may open the files that a playlist names, but no network. */
const LOCAL = "file,crypto,data";
/** The protocols that ffmpeg may use for bytes on its standard input. It may not open files or addresses that the bytes name. */
const GIVEN = ["-protocol_whitelist", "pipe,crypto,data"];

/** A recording: a file, or the address of one. */
export interface Recording {
  location: string;
  /** The name for people. */
  name: string;
}

/** Returns the input for a recording that ffmpeg plays at its own rate, in a loop or once. */
export function fileInput({
  size,
  framesPerSecond,
  isPlayedOnce = false,
  ...recording
}: WantedOfInput & Recording & { isPlayedOnce?: boolean }): FfmpegInput {
  const input = pictureInput(recording);
  const loop = isPlayedOnce ? [] : ["-stream_loop", "-1"];
  // `-re` plays by the time stamps of the file. Without it, ffmpeg would read the file as fast as it can decode it.
  const inputArguments = ["-re", ...loop, ...input.arguments];
  return { ...input, arguments: inputArguments, size, framesPerSecond, isRecording: true };
}

/** Returns the input for a recording that ffmpeg reads once, as fast as possible. */
export function pictureInput({ location, name }: Recording): FfmpegInput {
  const isPattern = !isAddress(location) && location.includes("%");
  // ffmpeg's demuxer image2 reads a name with `%03d` as a series of files. A file on standard input has no name, so ffmpeg
  // recognises it by its content.
  const path = isPattern ? "file:/dev/stdin" : `file:${location}`;
  if (isAddress(location)) return { ...PLAIN, name, ...addressInput(withEncodedUser(location), {}), address: location };
  return {
    ...PLAIN,
    name,
    arguments: ["-protocol_whitelist", LOCAL, "-i", path],
    openedPath: isPattern ? location : null,
  };
}

/** Returns the input for live video that has already been opened. ffmpeg reads it from `body`. */
export function bodyInput({
  name,
  body,
  size,
  framesPerSecond,
}: WantedOfInput & { name: string; body: ReadableStream<Uint8Array> }): FfmpegInput {
  const input = [...LIVE_ARGUMENTS, ...GIVEN, "-i", "pipe:0"];
  return { ...PLAIN, name, arguments: input, body, size, framesPerSecond, stallTimeoutMs: NETWORK_STALL_MS };
}

/**
 * Returns the input for JPEGs that another source has read. They are parts with a length, so ffmpeg decodes each as soon as it is
 * complete. With `-f mjpeg`, ffmpeg would wait for the next picture to find the end.
 */
export function jpegsInput({
  name,
  body,
  size,
}: {
  name: string;
  body: ReadableStream<Uint8Array>;
  size: Size | null;
}): FfmpegInput {
  // `nobuffer` is not used here. It would drop the first picture, and the other pictures do not wait for that one.
  return { ...PLAIN, name, arguments: ["-f", "mpjpeg", ...GIVEN, "-i", "pipe:0"], body, size };
}

/** Returns the standard input for ffmpeg. */
export function stdinOf({ body, openedPath }: FfmpegInput) {
  return body ?? (openedPath === null ? "ignore" : Bun.file(openedPath));
}

/** Returns whether an address is that of a recording, which is played like a file. */
export function isRecording(url: string): boolean {
  return RECORDING.test(url);
}

/**
 * Matches the names of containers that need an index or an end. So an address with such a name is a recording and not live video.
 */
const RECORDING = /^https?:[^?#]*\.(?:mp4|m4v|mov|mkv|webm|avi|wmv)(?:[?#]|$)/i;

/** Returns the input for live video at an address with rtsp, http or any other protocol of ffmpeg. */
export function urlInput({ url, size, framesPerSecond }: WantedOfInput & { url: string }): FfmpegInput {
  const name = shownAddress(url);
  const transport = /^rtsps?:/i.test(url) ? { rtsp_transport: "tcp" } : {};
  const input = addressInput(withEncodedUser(url), { ...LIVE_OPTIONS, ...transport });
  return { ...PLAIN, name, ...input, size, framesPerSecond, stallTimeoutMs: NETWORK_STALL_MS, address: url };
}

/**
 * Returns the input for a camera, by the platform's own name for it. Size and rate are requested from the camera. If it sends
 * another size or rate, that is shown unchanged.
 */
export function deviceInput({
  device,
  platform,
  size,
  framesPerSecond,
}: WantedOfInput & { device: string; platform: NodeJS.Platform }): FfmpegInput {
  const wanted = [
    ...(framesPerSecond === null ? [] : ["-framerate", String(framesPerSecond)]),
    ...(size === null ? [] : ["-video_size", `${size.width}x${size.height}`]),
  ];
  const [format, address] =
    platform === "darwin"
      ? ["avfoundation", `${device}:none`]
      : platform === "win32"
        ? ["dshow", `video=${device}`]
        : ["v4l2", device];
  return {
    ...PLAIN,
    name: device,
    arguments: [...LIVE_ARGUMENTS, "-f", format, ...wanted, "-i", address],
    askedFramesPerSecond: framesPerSecond,
    devicePath: format === "v4l2" ? device : null,
    stallTimeoutMs: SILENCE_MS, // a device is local, and opening it again takes less than a second
  };
}
