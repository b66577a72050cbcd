// The source that runs an ffmpeg child process and reads its frames from a pipe.

import { MissingError } from "../../core/errors.ts";
import { type Log, SILENT_LOG } from "../../core/log.ts";
import type { Sampling } from "../../core/pixel-format.ts";
import { shownAddress } from "../../core/shown-address.ts";
import { SILENCE_MS } from "../../protocol/silence.ts";
import type { FrameSink, Source } from "../source.ts";
import { ffmpegArguments, isDeliveredAsRgb } from "./ffmpeg-command.ts";
import type { FfmpegInput } from "./ffmpeg-input.ts";
import { type FrameReader, readFfmpeg } from "./ffmpeg-run.ts";
import { PpmReader } from "./ppm.ts";
import { Y4mReader } from "./y4m.ts";

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
