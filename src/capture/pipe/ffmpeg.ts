// The source that runs an ffmpeg child process and reads its frames from a pipe.

import { existsSync } from "node:fs";
import { MissingError, SourceError } from "../../core/errors.ts";
import { type Log, SILENT_LOG } from "../../core/log.ts";
import { onAbort } from "../../core/on-abort.ts";
import type { Sampling } from "../../core/pixel-format.ts";
import { printable } from "../../core/printable.ts";
import { shownAddress } from "../../core/shown-address.ts";
import { SILENCE_MS, silenceLimitMs } from "../../protocol/silence.ts";
import { JpegFrames } from "../jpeg/jpeg-frames.ts";
import { JpegReader } from "../jpeg/jpeg-reader.ts";
import type { FrameSink, Source } from "../source.ts";
import { eachChunk } from "./chunks.ts";
import { explainComplaint } from "./complaint.ts";
import type { FfmpegInput } from "./ffmpeg-input.ts";
import { isMjpeg } from "./mjpeg-probe.ts";
import { PpmReader } from "./ppm.ts";
import { Y4mReader } from "./y4m.ts";

/** Before the first frame, ffmpeg has to start, and a network peer or a driver has to be opened. */
const FIRST_FRAME_FACTOR = 6;

/** Stopping ffmpeg may take a moment (a camera's driver, a network peer). After this it is killed. */
const TERM_PATIENCE_MS = 1_000;

export interface FfmpegOptions {
  /** 444: frames keep all their colour. */
  sampling?: Sampling;
  /** Hears of the command line, at level `debug`. */
  log?: Log;
}

/** A source that runs one ffmpeg. Throws MissingError when ffmpeg is not installed. */
export function createFfmpegSource(
  input: FfmpegInput,
  { sampling = "420", log = SILENT_LOG }: FfmpegOptions = {},
): Source {
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
    async run(sink, signal) {
      const isPassedOn = input.probe !== null && (await isMjpeg(input.probe, signal));
      if (signal.aborted) return;
      const command = isPassedOn ? copyingArguments(input) : ffmpegArguments(input, sampling);
      log.debug(`ffmpeg is started: ${command.map(shownAddress).join(" ")}`);
      const onRate = (announced: number) => {
        framesPerSecond = announced;
      };
      const reader = isPassedOn ? jpegReader(sink) : pixelReader(input, { sampling, sink, onRate });
      // Other inputs have a rate, so that the watchdog expects their first frame.
      const onSilence = () => {
        if (input.address !== null) sink.trouble(`${input.name} has sent no picture for ${SILENCE_MS / 1000} s`);
      };
      await readFfmpeg({ input, command, reader, onSilence }, signal);
    },
  };
}

/** Takes the bytes that ffmpeg writes. */
interface FrameReader {
  feed(chunk: Uint8Array): void;
  /** Releases the slot of an unfinished frame. */
  abandon(): void;
  /** Milliseconds between frames, as the stream announces it; 0 while it is not known. */
  readonly intervalMs: number;
}

function jpegReader(sink: FrameSink): FrameReader {
  const reader = new JpegReader(new JpegFrames(sink), { hasBorders: false });
  return { feed: (chunk) => reader.write(chunk), abandon: () => undefined, intervalMs: 0 };
}

interface PixelReaderOptions {
  sampling: Sampling;
  sink: FrameSink;
  onRate: (framesPerSecond: number) => void;
}

function pixelReader(input: FfmpegInput, { sampling, sink, onRate }: PixelReaderOptions): FrameReader {
  let intervalMs = input.askedFramesPerSecond === null ? 0 : 1000 / input.askedFramesPerSecond;
  const pixels = isDeliveredAsRgb(input, sampling)
    ? new PpmReader(sink)
    : new Y4mReader(sink, (framesPerSecond) => {
        if (framesPerSecond > 0) intervalMs = 1000 / framesPerSecond;
        onRate(framesPerSecond);
      });
  return {
    feed: (chunk) => pixels.feed(chunk),
    abandon: () => pixels.abandon(),
    get intervalMs() {
      return intervalMs;
    },
  };
}

interface FfmpegRun {
  input: FfmpegInput;
  command: readonly string[];
  reader: FrameReader;
  /** Called once when nothing has come for SILENCE_MS after the start. */
  onSilence: () => void;
}

/** Resolves when `signal` aborts. Rejects with SourceError when ffmpeg ends or hangs. ffmpeg has ended in either case. */
async function readFfmpeg({ input, command, reader, onSilence }: FfmpegRun, signal: AbortSignal): Promise<void> {
  const stdin = input.body ?? "ignore";
  const child = Bun.spawn(["ffmpeg", ...command], { stdout: "pipe", stderr: "pipe", stdin });
  const stop = () => {
    child.kill("SIGTERM");
    setTimeout(() => child.kill("SIGKILL"), TERM_PATIENCE_MS).unref();
  };
  using _ = onAbort(signal, stop);
  const complaint = lastComplaint(child.stderr);
  const hung = new AbortController();
  let silenceTimer: ReturnType<typeof setTimeout> | undefined;
  let stallTimer: ReturnType<typeof setTimeout> | undefined;
  let stallTimeoutMs = 0;
  const watch = (factor = 1) => {
    clearTimeout(stallTimer);
    if (input.stallTimeoutMs === 0) return;
    stallTimeoutMs = factor * silenceLimitMs(reader.intervalMs, input.stallTimeoutMs);
    stallTimer = setTimeout(() => hung.abort(), stallTimeoutMs);
  };
  try {
    silenceTimer = setTimeout(onSilence, SILENCE_MS);
    watch(FIRST_FRAME_FACTOR);
    await eachChunk(child.stdout, AbortSignal.any([signal, hung.signal]), (chunk) => {
      clearTimeout(silenceTimer);
      watch();
      reader.feed(chunk);
    });
  } finally {
    clearTimeout(silenceTimer);
    clearTimeout(stallTimer);
    stop();
    reader.abandon();
    await child.exited;
  }
  if (signal.aborted) return;
  const hungForMs = hung.signal.aborted ? stallTimeoutMs : null;
  throw await reasonOfEnd({ input, child, complaint, hungForMs });
}

/** Whether frames are delivered as RGB, in PPMs; otherwise as 4:2:0, in YUV4MPEG2. */
function isDeliveredAsRgb(input: FfmpegInput, sampling: Sampling): boolean {
  return input.isRgb || sampling === "444";
}

/** The command line that passes pictures on unchanged. */
function copyingArguments({ arguments: input }: FfmpegInput): string[] {
  const output = ["-map", "0:v:0", "-c:v", "copy", "-flush_packets", "1", "-f", "mjpeg", "pipe:1"];
  return ["-hide_banner", "-nostdin", "-loglevel", "error", ...input, ...output];
}

/** The input's own size with square pixels, for the filter `scale`. Its height stays, as in players. The pixels of screens are square. */
function ownSize({ isRgb }: FfmpegInput): string[] {
  // Where the shape of pixels is not known, `sar` is 1. Shapes that no pixel has, and widths that cannot be shown, are ignored.
  const isPlausible = "between(sar,1/8,8)*lte(iw*sar,8192)";
  return isRgb ? [] : [`w='round(iw*if(${isPlausible},sar,1))':h=ih`];
}

/** The command line that decodes pictures. Exported for tests. */
export function ffmpegArguments(input: FfmpegInput, sampling: Sampling = "420"): string[] {
  const isRgb = isDeliveredAsRgb(input, sampling);
  const size = input.size === null ? ownSize(input) : [`${input.size.width}:${input.size.height}`];
  const scale = isRgb ? size : [...size, "out_range=full:out_color_matrix=bt601"];
  const filters = [
    ...input.filters,
    ...(input.framesPerSecond === null ? [] : [`fps=${input.framesPerSecond}`]),
    ...(scale.length === 0 ? [] : [`scale=${scale.join(":")}`]),
    `format=${isRgb ? "rgb24" : "yuvj420p"}`,
  ];
  const output = isRgb ? ["-c:v", "ppm", "-f", "image2pipe"] : ["-f", "yuv4mpegpipe"];
  return [
    // Without `repeat` the last line on standard error may be "Last message repeated 3 times".
    ...["-hide_banner", "-nostdin", "-loglevel", "repeat+error"],
    // A decoder with frame threads holds back as many frames as it has threads.
    ...["-flags", "low_delay", "-thread_type", "slice"],
    ...input.arguments,
    ...["-map", "0:v:0", "-vf", filters.join(",")],
    // With a constant frame rate ffmpeg would hold each frame back until the next one is there.
    ...["-fps_mode", "passthrough", "-flush_packets", "1", ...output, "pipe:1"],
  ];
}

interface FfmpegEnd {
  input: FfmpegInput;
  child: Bun.Subprocess;
  complaint: Promise<string>;
  hungForMs: number | null;
}

async function reasonOfEnd({ input, child, complaint, hungForMs }: FfmpegEnd): Promise<SourceError> {
  const { name, devicePath } = input;
  const again = (text: string) => new SourceError(text, { retry: "soon" });
  if (devicePath !== null && !existsSync(devicePath)) return again(`${name} is not there any more`);
  if (hungForMs !== null) return again(`${name} has sent nothing for ${Math.round(hungForMs / 1000)} s or more`);
  const text = await complaint;
  if (text !== "") return explainComplaint(input, text);
  if (child.signalCode !== null && child.exitCode === null) {
    return again(`ffmpeg was ended by ${child.signalCode} while reading ${name}`);
  }
  return again(`${name} has ended`);
}

/** Lines that ffmpeg adds for people at its own command line. */
const ADVICE = /^(?:To ignore this|Did you mean|\[concat @ 0x[0-9a-f]+\] Impossible to open)/;

/** Texts of the system, and of ffmpeg for a status, that say too little. The reason is then the line before, in which a part of ffmpeg speaks. */
const VAGUE =
  /: (?:Input\/output error|Invalid argument|Operation not permitted|Immediate exit requested|Server returned .*)$/;

/** The line of ffmpeg's output that gives the reason, without `[demuxer @ 0x…]` and without the input's name. */
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
