// Sources through an ffmpeg child process: cameras, files and network streams, with ffmpeg's hidden delays switched off.

import { existsSync } from "node:fs";
import { nowMicros } from "../../core/clock.ts";
import { MissingError, SourceError } from "../../core/errors.ts";
import type { Sampling, Size } from "../../core/pixel-format.ts";
import { eachChunk } from "./chunks.ts";
import { printable } from "../../core/printable.ts";
import { JpegSplitter } from "./jpeg-splitter.ts";
import { isMjpeg } from "./mjpeg-probe.ts";
import { PpmReader } from "./ppm.ts";
import { deliverJpeg, type FrameSink, type Source } from "../source.ts";
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
  /** What the input itself was asked for; null where it was not, or cannot be. */
  askedFramesPerSecond: number | null;
  /** Its pixels are RGB, and are handed over as such: that is less work than making 4:2:0 of them, which encoding does anyway. */
  isRgb: boolean;
  /** What has to be done with its frames first. */
  filters: readonly string[];
  /** Where the device can be seen to be there; null for what is no device. */
  devicePath: string | null;
  /** Without a frame for so long, ffmpeg is taken as hung; 0 = never. */
  stallTimeoutMs: number;
}

/**
 * A device that sends nothing for so long has died without a word: it is next to us, and opening it anew takes less than a second.
 * Viewers are told after 2 s in any case (watchdog.ts).
 */
const DEVICE_STALL_MS = 2_000;
/**
 * A network stream is given longer before it is opened anew. TCP gets over a lost packet or a change of access point within some
 * seconds, while a new RTSP session takes several round trips and the wait for a key frame, often 2 to 10 s.
 */
const NETWORK_STALL_MS = 10_000;
/** Slow input is not hung: so many of its intervals pass first. */
const STALL_INTERVALS = 3;

/** Before the first frame a network peer or a driver has to be opened, and ffmpeg itself loaded. */
const FIRST_FRAME_FACTOR = 6;

/** Stops of ffmpeg may take a moment (a camera's driver, a network peer); then it is killed. */
const TERM_PATIENCE_MS = 1_000;

const PLAIN: Omit<FfmpegInput, "name" | "arguments"> = {
  probe: null,
  ...{ size: null, framesPerSecond: null, askedFramesPerSecond: null, isRgb: false, filters: [] },
  ...{ devicePath: null, stallTimeoutMs: 0 },
};

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
  return { ...PLAIN, name, arguments: input, probe, size, framesPerSecond };
}

/** Containers that need an index or an end: what has such a name is a recording, not live. */
const RECORDING = /^https?:[^?#]*\.(?:mp4|m4v|mov|mkv|webm|avi|wmv)(?:[?#]|$)/i;

/** An address: rtsp, http and whatever else ffmpeg opens. A recording behind http is played as a file is. */
export function urlInput(url: string, size: Size | null, framesPerSecond: number | null): FfmpegInput {
  const name = withoutPassword(url);
  if (RECORDING.test(url)) return fileInput(url, name, size, framesPerSecond);
  const transport = url.startsWith("rtsp:") ? ["-rtsp_transport", "tcp"] : [];
  const input = [...NOW_NOT_LATER, ...transport, "-i", url];
  // Not rtsp: setting up a session takes a second, and there it is seldom MJPEG.
  const probe = /^https?:/i.test(url) && size === null && framesPerSecond === null ? ["-i", url] : null;
  return { ...PLAIN, name, arguments: input, probe, size, framesPerSecond, stallTimeoutMs: NETWORK_STALL_MS };
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
  const askedFramesPerSecond = framesPerSecond;
  return {
    ...PLAIN,
    name: device,
    arguments: input,
    askedFramesPerSecond,
    devicePath,
    stallTimeoutMs: DEVICE_STALL_MS,
  };
}

/** Whether frames are handed over as RGB, in PPMs; else as 4:2:0, in YUV4MPEG2. */
function isHandedOverAsRgb(input: FfmpegInput, sampling: Sampling): boolean {
  return input.isRgb || sampling === "444";
}

/** The whole command line where pictures are passed on: as they are, end to end. */
function copyingArguments({ arguments: input }: FfmpegInput): string[] {
  const output = ["-map", "0:v:0", "-c:v", "copy", "-flush_packets", "1", "-f", "mjpeg", "pipe:1"];
  return ["-hide_banner", "-nostdin", "-loglevel", "error", ...input, ...output];
}

/** The whole command line where they are decoded; exported for tests. */
export function ffmpegArguments(input: FfmpegInput, sampling: Sampling = "420"): string[] {
  const isRgb = isHandedOverAsRgb(input, sampling);
  const size = input.size === null ? "" : `${input.size.width}:${input.size.height}`;
  const scale = isRgb
    ? size === ""
      ? []
      : [size]
    : [...(size === "" ? [] : [size]), "out_range=full:out_color_matrix=bt601"];
  const filters = [
    ...input.filters,
    ...(input.framesPerSecond === null ? [] : [`fps=${input.framesPerSecond}`]),
    ...(scale.length === 0 ? [] : [`scale=${scale.join(":")}`]),
    `format=${isRgb ? "rgb24" : "yuvj420p"}`,
  ];
  const output = isRgb ? ["-c:v", "ppm", "-f", "image2pipe"] : ["-f", "yuv4mpegpipe"];
  return [
    // `repeat`: or else the last thing it says may be "Last message repeated 3 times".
    ...["-hide_banner", "-nostdin", "-loglevel", "repeat+error"],
    // A decoder that works on one frame a thread holds back as many frames as it has threads.
    ...["-flags", "low_delay", "-thread_type", "slice"],
    ...input.arguments,
    ...["-map", "0:v:0", "-vf", filters.join(",")],
    // A constant frame rate holds a frame back until the next one is there; frames are passed on as they come.
    ...["-fps_mode", "passthrough", "-flush_packets", "1", ...output, "pipe:1"],
  ];
}

/** A source that runs one ffmpeg; with `sampling` 444 its frames keep all their colour. Throws MissingError where ffmpeg is not installed. */
export function createFfmpegSource(input: FfmpegInput, sampling: Sampling = "420"): Source {
  if (Bun.which("ffmpeg") === null) {
    throw new MissingError(
      `${input.name} needs ffmpeg, which is not installed: apt-get install ffmpeg (macOS: brew install ffmpeg)`,
    );
  }
  let framesPerSecond = input.framesPerSecond ?? input.askedFramesPerSecond ?? 0;
  return {
    name: input.name,
    get framesPerSecond() {
      return framesPerSecond;
    },
    run: (sink, signal) =>
      runFfmpeg(input, sampling, sink, signal, (announced) => {
        framesPerSecond = announced;
      }),
  };
}

async function runFfmpeg(
  input: FfmpegInput,
  sampling: Sampling,
  sink: FrameSink,
  signal: AbortSignal,
  onRate: (framesPerSecond: number) => void,
): Promise<void> {
  const isPassedOn = input.probe !== null && (await isMjpeg(input.probe, signal));
  if (signal.aborted) return;
  const command = isPassedOn ? copyingArguments(input) : ffmpegArguments(input, sampling);
  const child = Bun.spawn(["ffmpeg", ...command], { stdout: "pipe", stderr: "pipe", stdin: "ignore" });
  const hung = new AbortController();
  const stop = () => {
    child.kill("SIGTERM");
    setTimeout(() => child.kill("SIGKILL"), TERM_PATIENCE_MS).unref();
  };
  signal.addEventListener("abort", stop);
  const complaint = lastComplaint(child.stderr);
  let interval = input.askedFramesPerSecond === null ? 0 : 1000 / input.askedFramesPerSecond;
  const pixels = isPassedOn
    ? null
    : isHandedOverAsRgb(input, sampling)
      ? new PpmReader(sink)
      : new Y4mReader(sink, (framesPerSecond) => {
          if (framesPerSecond > 0) interval = 1000 / framesPerSecond;
          onRate(framesPerSecond);
        });
  const reader = pixels ?? new JpegSplitter((jpeg) => deliverJpeg(sink, jpeg, nowMicros()));
  let stallTimer: ReturnType<typeof setTimeout> | undefined;
  let stallTimeoutMs = 0;
  const watch = (factor = 1) => {
    clearTimeout(stallTimer);
    if (input.stallTimeoutMs === 0) return;
    stallTimeoutMs = factor * Math.max(input.stallTimeoutMs, STALL_INTERVALS * interval);
    stallTimer = setTimeout(() => hung.abort(), stallTimeoutMs);
  };
  try {
    watch(FIRST_FRAME_FACTOR);
    await eachChunk(child.stdout, AbortSignal.any([signal, hung.signal]), (chunk) => {
      watch();
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
  throw new SourceError(await explain(input, child, complaint, hung.signal.aborted ? stallTimeoutMs : null), {
    retry: true,
  });
}

async function explain(
  input: FfmpegInput,
  child: Bun.Subprocess,
  complaint: Promise<string>,
  hungForMs: number | null,
): Promise<string> {
  if (input.devicePath !== null && !existsSync(input.devicePath)) return `${input.name} is not there any more`;
  if (hungForMs !== null) return `${input.name} has sent nothing for ${Math.round(hungForMs / 1000)} s or more`;
  const text = await complaint;
  if (text !== "") return `cannot read video from ${input.name}: ${text}`;
  if (child.signalCode !== null && child.exitCode === null) {
    return `ffmpeg was ended by ${child.signalCode} while reading ${input.name}`;
  }
  return `${input.name} has ended`;
}

/** What ffmpeg adds for people at its own command line. */
const ADVICE = /^(?:To ignore this|Did you mean)/;

/** What of the system says too little, so that the line before it, where a part of ffmpeg speaks, is the reason. */
const VAGUE = /: (?:Input\/output error|Invalid argument|Operation not permitted|Immediate exit requested)$/;

/** What of all that ffmpeg said is the reason, without its `[demuxer @ 0x…]` and the input's name, which the message has anyway. */
async function lastComplaint(stderr: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let tail = "";
  for await (const chunk of stderr) tail = (tail + decoder.decode(chunk, { stream: true })).slice(-4096);
  const lines = tail
    .split("\n")
    .map(printable)
    .filter((line) => line.trim() !== "" && !ADVICE.test(line));
  const [before = "", last = ""] = [lines.at(-2), lines.at(-1)];
  const isSpoken = (line: string) => /^\[[^\]]* @ 0x[0-9a-f]+\]/.test(line);
  const chosen = VAGUE.test(last) && isSpoken(before) ? before : last;
  const reason = chosen.replace(/^\[[^\]]* @ 0x[0-9a-f]+\]\s*/, "").trim();
  if (reason.includes("matches no streams")) return "there is no video in it";
  const lacking = /^Unknown input format: '(\w+)'/.exec(reason)?.[1];
  if (lacking !== undefined)
    return `this ffmpeg was built without ${lacking}; install one that has it ('ffmpeg -devices')`;
  return isSpoken(chosen) ? reason : reason.replace(/^.*: (?=[A-Z])/, "");
}

/** Whether `text` is a URL rather than a path. */
export function isAddress(text: string): boolean {
  return /^[a-z][a-z0-9+.-]+:\/\//i.test(text);
}

/** The address without user name and password, for messages and logs. */
export function withoutPassword(url: string): string {
  return url.replace(/\/\/[^/?#]*@/, "//");
}
