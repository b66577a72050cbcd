// What ffmpeg is told to read: a file, an address or a camera, with ffmpeg's hidden delays switched off.

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
  /** Scale to this size; null keeps the input's own size. */
  size: Size | null;
  /** Convert to this rate; null keeps the input's own rate. */
  framesPerSecond: number | null;
  /** The rate that the input itself is asked for; null when it is not asked. */
  askedFramesPerSecond: number | null;
  /** The input has RGB pixels, which are delivered as they are: the encoder converts them anyway. */
  isRgb: boolean;
  /** Filters that come before all others. */
  filters: readonly string[];
  /**
   * The path of a file that ffmpeg gets as its standard input, because it would take the name for a pattern of many names; null for
   * all other input.
   */
  openedPath: string | null;
  /** The input is a recording: its pauses are its own, and its last picture is delivered again meanwhile. */
  isRecording: boolean;
  /** The device's path, which exists while the device is there; null for other inputs. */
  devicePath: string | null;
  /** What ffmpeg reads on its standard input; null: it opens the input itself. */
  body: ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer> | null;
  /** The address that ffmpeg opens, with its password; null for other inputs. */
  address: string | null;
  /** Without a frame for this long, ffmpeg counts as hung; 0 = never. */
  stallTimeoutMs: number;
}

/** What is asked for; null = the input's own. */
export interface WantedOfInput {
  size: Size | null;
  framesPerSecond: number | null;
}

/**
 * A network stream may be silent for longer than a device before it is opened again. TCP recovers from a lost packet or a change
 * of access point within some seconds, while a new RTSP session takes several round trips and then waits for a key frame,
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
 * Arguments for live input. A demuxer keeps the frames from which it guesses the stream's parameters and plays them first, so
 * that everything after them is late. `nobuffer` drops these frames. A file would lose its beginning by it.
 */
const LIVE_OPTIONS = { fflags: "nobuffer" };
export const LIVE_ARGUMENTS: readonly string[] = ["-fflags", LIVE_OPTIONS.fflags];

/** What ffmpeg may open for a file: the files that a playlist names as well, but no network. */
const LOCAL = "file,crypto,data";
/** What ffmpeg may open for bytes that it is given: nothing else, whatever they name. */
const GIVEN = ["-protocol_whitelist", "pipe,crypto,data"];

/** A recording: a file, or the address of one. */
export interface Recording {
  location: string;
  /** For people. */
  name: string;
}

/** A recording, played at its own pace in a loop. */
export function fileInput({ size, framesPerSecond, ...recording }: WantedOfInput & Recording): FfmpegInput {
  const input = pictureInput(recording);
  // -re plays by the file's own time stamps; without it a file would run as fast as it can be decoded.
  const inputArguments = ["-re", "-stream_loop", "-1", ...input.arguments];
  return { ...input, arguments: inputArguments, size, framesPerSecond, isRecording: true };
}

/** A recording that is read once, as fast as possible. */
export function pictureInput({ location, name }: Recording): FfmpegInput {
  const isPattern = !isAddress(location) && location.includes("%");
  // The demuxer image2 takes `%03d` for a series of files. An opened file has no name, and is recognised by its content.
  const path = isPattern ? "file:/dev/stdin" : `file:${location}`;
  if (isAddress(location)) return { ...PLAIN, name, ...addressInput(withEncodedUser(location), {}), address: location };
  return {
    ...PLAIN,
    name,
    arguments: ["-protocol_whitelist", LOCAL, "-i", path],
    openedPath: isPattern ? location : null,
  };
}

/** Live video that has been opened already: ffmpeg reads it as `body`. `url` is its address, for its name. */
export function bodyInput({
  url,
  body,
  size,
  framesPerSecond,
}: WantedOfInput & { url: string; body: ReadableStream<Uint8Array> }): FfmpegInput {
  const input = [...LIVE_ARGUMENTS, ...GIVEN, "-i", "pipe:0"];
  const name = shownAddress(url);
  return { ...PLAIN, name, arguments: input, body, size, framesPerSecond, stallTimeoutMs: NETWORK_STALL_MS };
}

/**
 * JPEGs that another source has read, as parts with their lengths: ffmpeg decodes each when it is whole. In `-f mjpeg` a picture ends
 * where the next one begins.
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
  // Without `nobuffer`, which would drop the first picture; the others would not wait for it anyway.
  return { ...PLAIN, name, arguments: ["-f", "mpjpeg", ...GIVEN, "-i", "pipe:0"], body, size };
}

/** What a process that reads this input gets as its standard input. */
export function stdinOf({ body, openedPath }: FfmpegInput) {
  return body ?? (openedPath === null ? "ignore" : Bun.file(openedPath));
}

/** Whether an address is that of a recording, which is played like a file. */
export function isRecording(url: string): boolean {
  return RECORDING.test(url);
}

/** Containers that need an index or an end: an address with such a name is a recording, not live video. */
const RECORDING = /^https?:[^?#]*\.(?:mp4|m4v|mov|mkv|webm|avi|wmv)(?:[?#]|$)/i;

/** Live video at an address of rtsp, http or any other protocol of ffmpeg. */
export function urlInput({ url, size, framesPerSecond }: WantedOfInput & { url: string }): FfmpegInput {
  const name = shownAddress(url);
  const transport = /^rtsps?:/i.test(url) ? { rtsp_transport: "tcp" } : {};
  const input = addressInput(withEncodedUser(url), { ...LIVE_OPTIONS, ...transport });
  return { ...PLAIN, name, ...input, size, framesPerSecond, stallTimeoutMs: NETWORK_STALL_MS, address: url };
}

/**
 * A camera, by the platform's own name for it. The camera itself is asked for size and rate; whatever it sends instead is shown
 * unchanged.
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
    stallTimeoutMs: SILENCE_MS, // a device is next to us, and opening it again takes less than a second
  };
}
