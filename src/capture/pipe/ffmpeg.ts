// The source that runs an ffmpeg child process and reads its frames from a pipe.

import { existsSync } from "node:fs";
import { type Micros, nowMicros } from "../../core/clock.ts";
import { MissingError, SourceError } from "../../core/errors.ts";
import { type Log, SILENT_LOG } from "../../core/log.ts";
import { onAbort } from "../../core/on-abort.ts";
import type { Sampling } from "../../core/pixel-format.ts";
import { printable } from "../../core/printable.ts";
import { shownAddress } from "../../core/shown-address.ts";
import { SILENCE_MS, silenceLimitMs } from "../../protocol/silence.ts";
import type { FrameSink, Source } from "../source.ts";
import { childEnvironment } from "../child-environment.ts";
import { tied } from "../tied-child.ts";
import { eachChunk } from "./chunks.ts";
import { explainComplaint } from "./complaint.ts";
import { type FfmpegInput, stdinOf } from "./ffmpeg-input.ts";
import { PpmReader } from "./ppm.ts";
import { Y4mReader } from "./y4m.ts";

/**
 * The time limit for the first frame is longer by this factor, because ffmpeg has to start and to open a connection or a driver.
 */
const FIRST_FRAME_FACTOR = 6;

/**
 * The time for ffmpeg to end after SIGTERM. It may have to wait for a camera's driver or a network peer. After this time it is
 * killed.
 */
const TERM_PATIENCE_MS = 1_000;

/**
 * During a pause of a recording, the last picture is delivered again after this time. It is shorter than SILENCE_MS, after which
 * a silence is reported.
 */
const HOLD_MICROS = 1_200_000;

export interface FfmpegOptions {
  /** The chroma sampling. With 444, frames keep the full resolution of their colours. */
  sampling?: Sampling;
  /** The log for the command line, at level `debug`. */
  log?: Log;
}

/** Creates a source that runs one ffmpeg process. Throws MissingError when ffmpeg is not installed. */
export function createFfmpegSource(
  input: FfmpegInput,
  { sampling = "420", log = SILENT_LOG }: FfmpegOptions = {},
): Source {
  requireFfmpeg(input.name);
  let framesPerSecond = input.framesPerSecond ?? input.askedFramesPerSecond ?? 0;
  return {
    name: input.name,
    get framesPerSecond() {
      return framesPerSecond;
    },
    async run(sink, signal) {
      if (signal.aborted) return;
      const command = ffmpegArguments(input, sampling);
      log.debug(`ffmpeg is started: ${command.map(shownAddress).join(" ")}`);
      const onRate = (announced: number) => {
        framesPerSecond = announced;
      };
      const reader = pixelReader(input, { sampling, sink, onRate });
      // Only addresses need this report. Other inputs have a rate, so the watchdog (supervise/watchdog.ts) knows when to expect
      // their first frame.
      const onSilence = () => {
        if (input.address !== null) sink.trouble(`${input.name} has sent no picture for ${SILENCE_MS / 1000} s`);
      };
      await readFfmpeg({ input, command, reader, onSilence }, signal);
    },
  };
}

/** Throws MissingError when ffmpeg is not installed. */
export function requireFfmpeg(name: string): void {
  if (Bun.which("ffmpeg") !== null) return;
  throw new MissingError(
    `${name} needs ffmpeg, which is not installed: apt-get install ffmpeg (macOS: brew install ffmpeg)`,
  );
}

/** Takes the bytes that ffmpeg writes. */
export interface FrameReader {
  feed(chunk: Uint8Array): void;
  /** Delivers the last frame of a recording again, with the current time as its capture time. */
  repeat?(): void;
  /** Delivers the frames that are complete, because ffmpeg has ended by itself. */
  end?(): void;
  /** Releases the slot of an unfinished frame. */
  abandon(): void;
  /** The interval between frames that the stream announces, or 0 while it is not known. */
  readonly intervalMs: number;
}

interface PixelReaderOptions {
  sampling: Sampling;
  sink: FrameSink;
  onRate: (framesPerSecond: number) => void;
}

/** Returns the reader for the pixels that `ffmpegArguments` requests. */
export function pixelReader(input: FfmpegInput, { sampling, sink, onRate }: PixelReaderOptions): FrameReader {
  let intervalMs = input.askedFramesPerSecond === null ? 0 : 1000 / input.askedFramesPerSecond;
  const pixels = isDeliveredAsRgb(input, sampling)
    ? new PpmReader(sink, { keepsLast: input.isRecording })
    : new Y4mReader(
        sink,
        (framesPerSecond) => {
          if (framesPerSecond > 0) intervalMs = 1000 / framesPerSecond;
          onRate(framesPerSecond);
        },
        { keepsLast: input.isRecording },
      );
  return {
    feed: (chunk) => pixels.feed(chunk),
    repeat: () => pixels.repeat(),
    abandon: () => pixels.abandon(),
    get intervalMs() {
      return intervalMs;
    },
  };
}

export interface FfmpegRun {
  input: FfmpegInput;
  command: readonly string[];
  reader: FrameReader;
  /** This is called once if ffmpeg has written nothing for SILENCE_MS after its start. */
  onSilence?: () => void;
}

/**
 * Runs ffmpeg and passes its output to the reader. Resolves when `signal` aborts, and rejects with SourceError when ffmpeg ends
 * or hangs. In both cases the process has ended.
 */
export async function readFfmpeg({ input, command, reader, onSilence }: FfmpegRun, signal: AbortSignal): Promise<void> {
  const stdin = stdinOf(input);
  const child = Bun.spawn(tied(["ffmpeg", ...command]), {
    ...{ stdin, stdout: "pipe", stderr: "pipe" },
    env: childEnvironment(),
  });
  const stop = () => {
    child.kill("SIGTERM");
    setTimeout(() => child.kill("SIGKILL"), TERM_PATIENCE_MS).unref();
  };
  using _ = onAbort(signal, stop);
  let frameAt: Micros = nowMicros();
  // A recording may contain pauses of any length. ffmpeg reports its progress also during a pause, but not when it hangs.
  const onProgress = () => {
    if (nowMicros() - frameAt < HOLD_MICROS || signal.aborted) return;
    frameAt = nowMicros();
    reader.repeat?.();
  };
  const complaint = lastComplaint(child.stderr, onProgress);
  let hasWritten = false;
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
    silenceTimer = setTimeout(() => onSilence?.(), SILENCE_MS);
    watch(FIRST_FRAME_FACTOR);
    await eachChunk(child.stdout, AbortSignal.any([signal, hung.signal]), (chunk) => {
      clearTimeout(silenceTimer);
      watch();
      frameAt = nowMicros();
      hasWritten = true;
      reader.feed(chunk);
    });
    if (!signal.aborted) reader.end?.();
  } finally {
    clearTimeout(silenceTimer);
    clearTimeout(stallTimer);
    stop();
    reader.abandon();
    await child.exited;
  }
  if (signal.aborted) return;
  const hungForMs = hung.signal.aborted ? stallTimeoutMs : null;
  const isAfterFrames = hasWritten && child.exitCode !== null && hungForMs === null;
  throw new FfmpegEnd(await reasonOfEnd({ input, child, complaint, hungForMs }), { isAfterFrames });
}

/** The error for an ffmpeg process that has ended. */
export class FfmpegEnd extends SourceError {
  /** True if ffmpeg ended by itself after it had written frames, for example at the end of its input. */
  readonly isAfterFrames: boolean;
  constructor({ message, retry }: SourceError, { isAfterFrames }: { isAfterFrames: boolean }) {
    super(message, { retry });
    this.isAfterFrames = isAfterFrames;
  }
}

/** Returns whether ffmpeg writes RGB, as PPM pictures. Otherwise it writes 4:2:0, as YUV4MPEG2. */
function isDeliveredAsRgb(input: FfmpegInput, sampling: Sampling): boolean {
  return input.isRgb || sampling === "444";
}

/**
 * Returns the arguments with which ffmpeg's filter `scale` makes the pixels square. The height stays the same, as in players.
 * Screens need no scaling, because their pixels are square.
 */
function ownSize({ isRgb }: FfmpegInput): string[] {
  // `sar` is the aspect ratio of a pixel, and 1 if it is not known. Implausible ratios, and those that would make the picture
  // wider than the limit, are ignored.
  const isPlausible = "between(sar,1/8,8)*lte(iw*sar,8192)";
  return isRgb ? [] : [`w='round(iw*if(${isPlausible},sar,1))':h=ih`];
}

/**
 * With these arguments, ffmpeg reports its progress on standard error every 0.5 s, even while it waits for the time of the next
 * picture.
 */
export const PROGRESS: readonly string[] = ["-progress", "pipe:2"];

/** Matches a line of a progress report (print_report in fftools/ffmpeg.c). The last line of each report is `progress=`. */
const PROGRESS_LINE =
  /^(?:frame|fps|stream_\d+_\d+_\w+|bitrate|total_size|out_time(?:_us|_ms)?|dup_frames|drop_frames|speed|progress)=/;

/** Returns the command line that decodes all pictures, or only the first one. */
export function ffmpegArguments(
  input: FfmpegInput,
  sampling: Sampling = "420",
  { isFirstOnly = false }: { isFirstOnly?: boolean } = {},
): string[] {
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
    // With `repeat`, ffmpeg repeats equal messages. Otherwise the last line on standard error could be "Last message repeated 3
    // times".
    ...["-hide_banner", "-nostdin", "-loglevel", "repeat+error"],
    ...(input.isRecording ? PROGRESS : []),
    // A decoder with frame threads delays its output by as many frames as it has threads, so slice threads are used.
    ...["-flags", "low_delay", "-thread_type", "slice"],
    ...input.arguments,
    ...["-map", "0:v:0", "-vf", filters.join(","), ...(isFirstOnly ? ["-frames:v", "1"] : [])],
    // With a constant frame rate, ffmpeg would delay each frame until the next one has come.
    ...["-fps_mode", "passthrough", "-flush_packets", "1", ...output, "pipe:1"],
  ];
}

interface EndedChild {
  input: FfmpegInput;
  child: Bun.Subprocess;
  complaint: Promise<string>;
  hungForMs: number | null;
}

async function reasonOfEnd({ input, child, complaint, hungForMs }: EndedChild): Promise<SourceError> {
  const { name, devicePath } = input;
  const again = (text: string) => new SourceError(text, { retry: "soon" });
  if (devicePath !== null && !existsSync(devicePath)) return again(`${name} is not there any more`);
  if (hungForMs !== null) return again(`${name} has sent nothing for ${Math.round(hungForMs / 1000)} s or more`);
  const endedBy = child.exitCode === null ? child.signalCode : null;
  const text = await complaint;
  // If another program ends ffmpeg, its messages do not give the reason. SIGTERM may come from readFfmpeg while ffmpeg is ending.
  if (endedBy !== null && (text === "" || endedBy !== "SIGTERM")) {
    return again(`ffmpeg was ended by ${endedBy} while reading ${name}`);
  }
  if (text !== "") return explainComplaint(input, text);
  return again(`${name} has ended`);
}

/** How many of the last lines of standard error are kept. */
const MOST_COMPLAINTS = 16;

/**
 * Matches lines of ffmpeg that give no reason: advice about its command line, and consequences of an error that it has already
 * named.
 */
const ADVICE =
  /^(?:To ignore this|Did you mean|\[concat @ 0x[0-9a-f]+\] Impossible to open|Error marking filters as finished|Conversion failed!|Cannot determine format of input stream \d)/;

/** Matches messages that are too general. In this case the line before has the reason, from the part of ffmpeg that failed. */
const VAGUE =
  /^Error while decoding stream|: (?:Input\/output error|Invalid argument|Operation not permitted|Immediate exit requested|Server returned .*)$/;

/**
 * Returns the line of ffmpeg's output that gives the reason, without `[demuxer @ 0x…]` and without the input's name. Calls
 * `onProgress` after each progress report.
 */
async function lastComplaint(stderr: ReadableStream<Uint8Array>, onProgress: () => void): Promise<string> {
  const decoder = new TextDecoder();
  let tail: string[] = [];
  let rest = "";
  for await (const chunk of stderr) {
    const texts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = texts.pop()?.slice(-4096) ?? "";
    tail = [...tail, ...texts.filter((text) => !PROGRESS_LINE.test(text))].slice(-MOST_COMPLAINTS);
    if (texts.some((text) => text.startsWith("progress="))) onProgress();
  }
  const lines = [...tail, rest].map(printable).filter((line) => line.trim() !== "" && !ADVICE.test(line));
  const [before = "", last = ""] = [lines.at(-2), lines.at(-1)];
  const isSpoken = (line: string) => /^\[[^\]]* @ 0x[0-9a-f]+\]/.test(line);
  const chosen = VAGUE.test(last) && isSpoken(before) ? before : last;
  const reason = chosen.replace(/^\[[^\]]* @ 0x[0-9a-f]+\]\s*/, "").trim();
  if (reason.includes("matches no streams")) return "there is no video in it";
  const lacking = /^Unknown input format: '(\w+)'/.exec(reason)?.[1];
  if (lacking !== undefined)
    return `this ffmpeg was built without ${lacking}: install an ffmpeg with it ('ffmpeg -devices' lists the supported devices)`;
  return isSpoken(chosen) ? reason : reason.replace(/^.*: (?=[A-Z])/, "");
}
