// Sources through an ffmpeg child process: cameras, files and network streams, with ffmpeg's hidden delays switched off.

import { existsSync } from "node:fs";
import { nowMicros } from "../../core/clock.ts";
import { MissingError, SourceError } from "../../core/errors.ts";
import type { Size } from "../../core/pixel-format.ts";
import { JpegSplitter } from "./jpeg-splitter.ts";
import { isMjpeg } from "./mjpeg-probe.ts";
import type { FrameSink, Source } from "./source.ts";
import { eachChunk } from "./standard-input.ts";
import { Y4mReader } from "./y4m.ts";

export interface FfmpegInput {
  /** For people, in messages and as the source's name. */
  name: string;
  /** What goes before and with `-i`. */
  arguments: readonly string[];
  /** What ffprobe is asked about it with, for it may be MJPEG, whose pictures are passed on; null: it is decoded in any case. */
  probe: readonly string[] | null;
  /** Scale to this size; null keeps the input's own. */
  size: Size | null;
  /** Convert to this rate; null keeps the input's own. */
  framesPerSecond: number | null;
  /** Where the device can be seen to be there; null for what is no device. */
  devicePath: string | null;
  /** Without a frame for so long, ffmpeg is taken as hung; 0 = never. */
  stallTimeoutMs: number;
}

/** Live input that sends nothing for so long has died without a word. */
const LIVE_STALL_MS = 10_000;

/** Before the first frame a network peer or a driver has to be opened, and ffmpeg itself loaded. */
const FIRST_FRAME_FACTOR = 6;

/** Stops of ffmpeg may take a moment (a camera's driver, a network peer); then it is killed. */
const TERM_PATIENCE_MS = 1_000;

/** A recorded file, at its own pace, again and again. `location` is a path, or the address of a file. */
export function fileInput(
  location: string,
  name: string,
  size: Size | null,
  framesPerSecond: number | null,
): FfmpegInput {
  // -re paces by the file's own time stamps; without it a file would run as fast as it can be decoded.
  const file = ["-i", isAddress(location) ? location : `file:${location}`];
  const input = ["-re", "-stream_loop", "-1", ...file];
  const probe = size === null && framesPerSecond === null ? file : null;
  return { name, arguments: input, probe, size, framesPerSecond, devicePath: null, stallTimeoutMs: 0 };
}

/** Whether this is a URL rather than a path. */
export function isAddress(text: string): boolean {
  return /^[a-z][a-z0-9+.-]+:\/\//i.test(text);
}

/** Containers that need an index or an end: what has such a name is a recording, not live. */
const RECORDING = /^https?:[^?#]*\.(?:mp4|m4v|mov|mkv|webm|avi|wmv)(?:[?#]|$)/i;

/** An address: rtsp, http and whatever else ffmpeg opens. A recording behind http is played as a file is. */
export function urlInput(url: string, size: Size | null, framesPerSecond: number | null): FfmpegInput {
  const name = url.replace(/\/\/[^/?#]*@/, "//"); // what is shown and logged has no password in it
  if (RECORDING.test(url)) return fileInput(url, name, size, framesPerSecond);
  const transport = url.startsWith("rtsp:") ? ["-rtsp_transport", "tcp"] : [];
  const input = [...NOW_NOT_LATER, ...transport, "-i", url];
  // Not rtsp: setting up a session takes a second, and there it is seldom MJPEG.
  const probe = /^https?:/i.test(url) && size === null && framesPerSecond === null ? ["-i", url] : null;
  return { name, arguments: input, probe, size, framesPerSecond, devicePath: null, stallTimeoutMs: LIVE_STALL_MS };
}

/**
 * For live input: a demuxer keeps the frames by which it guesses the stream's parameters, and plays them out first, so
 * that everything is late for ever. `nobuffer` throws them away. A file would lose its beginning by it.
 */
const NOW_NOT_LATER = ["-fflags", "nobuffer"];

/** A camera, by the platform's own name for it. */
export function deviceInput(
  device: string,
  platform: NodeJS.Platform,
  size: Size | null,
  framesPerSecond: number | null,
): FfmpegInput {
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
  const input = [...NOW_NOT_LATER, "-f", format, ...wanted, "-i", address];
  // The camera itself was asked for size and rate; what it gives instead is shown as it comes.
  const devicePath = format === "v4l2" ? device : null;
  return {
    name: device,
    arguments: input,
    probe: null,
    size: null,
    framesPerSecond: null,
    devicePath,
    stallTimeoutMs: LIVE_STALL_MS,
  };
}

/** The whole command line where pictures are passed on: as they are, end to end. */
function copyingArguments({ arguments: input }: FfmpegInput): string[] {
  const output = ["-map", "0:v:0", "-c:v", "copy", "-flush_packets", "1", "-f", "mjpeg", "pipe:1"];
  return ["-hide_banner", "-nostdin", "-loglevel", "error", ...input, ...output];
}

/** The whole command line where they are decoded; exported for tests. */
export function ffmpegArguments(input: FfmpegInput): string[] {
  const filters = [
    ...(input.framesPerSecond === null ? [] : [`fps=${input.framesPerSecond}`]),
    `scale=${input.size === null ? "" : `${input.size.width}:${input.size.height}:`}out_range=full:out_color_matrix=bt601`,
    "format=yuvj420p",
  ];
  return [
    ...["-hide_banner", "-nostdin", "-loglevel", "error"],
    // A decoder that works on one frame a thread holds back as many frames as it has threads.
    ...["-flags", "low_delay", "-thread_type", "slice"],
    ...input.arguments,
    ...["-map", "0:v:0", "-vf", filters.join(",")],
    // A constant frame rate holds a frame back until the next one is there; frames are passed on as they come.
    ...["-fps_mode", "passthrough", "-flush_packets", "1", "-f", "yuv4mpegpipe", "pipe:1"],
  ];
}

/** A source that runs one ffmpeg. Throws MissingError where ffmpeg is not installed. */
export function createFfmpegSource(input: FfmpegInput): Source {
  if (Bun.which("ffmpeg") === null) {
    throw new MissingError(
      `${input.name} needs ffmpeg, which is not installed: apt-get install ffmpeg (macOS: brew install ffmpeg)`,
    );
  }
  let framesPerSecond = input.framesPerSecond ?? 0;
  return {
    name: input.name,
    get framesPerSecond() {
      return framesPerSecond;
    },
    run: (sink, signal) =>
      runFfmpeg(input, sink, signal, (announced) => {
        framesPerSecond = announced;
      }),
  };
}

async function runFfmpeg(
  input: FfmpegInput,
  sink: FrameSink,
  signal: AbortSignal,
  onRate: (framesPerSecond: number) => void,
): Promise<void> {
  const isPassedOn = input.probe !== null && (await isMjpeg(input.probe, signal));
  if (signal.aborted) return;
  const command = isPassedOn ? copyingArguments(input) : ffmpegArguments(input);
  const child = Bun.spawn(["ffmpeg", ...command], { stdout: "pipe", stderr: "pipe", stdin: "ignore" });
  const hung = new AbortController();
  const stop = () => {
    child.kill("SIGTERM");
    setTimeout(() => child.kill("SIGKILL"), TERM_PATIENCE_MS).unref();
  };
  signal.addEventListener("abort", stop);
  const complaint = lastComplaint(child.stderr);
  const pixels = isPassedOn ? null : new Y4mReader(sink, onRate);
  const reader = pixels ?? new JpegSplitter((jpeg) => sink.jpeg(jpeg, nowMicros()));
  let stallTimer: ReturnType<typeof setTimeout> | undefined;
  const watch = (timeoutMs: number) => {
    clearTimeout(stallTimer);
    if (timeoutMs > 0) stallTimer = setTimeout(() => hung.abort(), timeoutMs);
  };
  try {
    watch(input.stallTimeoutMs * FIRST_FRAME_FACTOR);
    await eachChunk(child.stdout, AbortSignal.any([signal, hung.signal]), (chunk) => {
      watch(input.stallTimeoutMs);
      reader.feed(chunk);
    });
  } finally {
    clearTimeout(stallTimer);
    signal.removeEventListener("abort", stop);
    stop();
    pixels?.abandon();
    await child.exited;
  }
  if (signal.aborted) return;
  throw new SourceError(await explain(input, child, complaint, hung.signal.aborted), { retry: true });
}

async function explain(
  input: FfmpegInput,
  child: Bun.Subprocess,
  complaint: Promise<string>,
  hung: boolean,
): Promise<string> {
  if (input.devicePath !== null && !existsSync(input.devicePath)) return `${input.name} is not there any more`;
  if (hung) return `${input.name} has sent nothing for ${input.stallTimeoutMs / 1000} s or more`;
  const text = await complaint;
  if (text !== "") return `cannot read video from ${input.name}: ${text}`;
  if (child.signalCode !== null && child.exitCode === null) {
    return `ffmpeg was ended by ${child.signalCode} while reading ${input.name}`;
  }
  return `${input.name} has ended`;
}

/** The last thing ffmpeg said, without its `[demuxer @ 0x…]` and the input's name, which the message has anyway. */
async function lastComplaint(stderr: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let tail = "";
  for await (const chunk of stderr) tail = (tail + decoder.decode(chunk, { stream: true })).slice(-4096);
  const lines = tail.split("\n").map((line) => line.replace(/^\[[^\]]* @ 0x[0-9a-f]+\]\s*/, "").trim());
  const last = lines.filter((line) => line !== "" && !line.startsWith("To ignore this")).at(-1) ?? "";
  if (last.includes("matches no streams")) return "there is no video in it";
  return last.replace(/^.*: (?=[A-Z])/, "");
}
