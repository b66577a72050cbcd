// The source `-`: frames on standard input, raw or as MJPEG, taken as fast as they come.

import { SourceError, UsageError } from "../../core/errors.ts";
import { nowMicros } from "../../core/clock.ts";
import type { PixelFormat, Size } from "../../core/pixel-format.ts";
import { eachChunk } from "./chunks.ts";
import { JpegSplitter } from "./jpeg-splitter.ts";
import { RawFrames } from "./raw-frames.ts";
import { deliverJpeg, type FrameFormat, type FrameSink, type Source } from "../source.ts";

/** Throws UsageError for raw frames without a size: nothing in them says it. */
export function createStandardInput(
  input: ReadableStream<Uint8Array>,
  format: FrameFormat,
  size: Size | null,
  framesPerSecond: number,
): Source {
  if (format !== "mjpeg" && size === null) {
    throw new UsageError(
      `--source - with --pixel-format ${format} needs --size WIDTHxHEIGHT: raw frames do not say theirs`,
    );
  }
  if (format === "mjpeg" && size !== null) {
    throw new UsageError("--size does not go with --pixel-format mjpeg: each JPEG says its own size");
  }
  let isFirst = true; // a later run goes on with what is left of the input, which may be nothing
  return {
    name: "standard input",
    framesPerSecond,
    async run(sink, signal) {
      const isAllThereIs = isFirst;
      isFirst = false;
      const isJpegs = format === "mjpeg" || size === null;
      const bytes = await (isJpegs ? runJpegs(input, sink, signal) : runRaw(input, format, size, sink, signal));
      if (bytes > 0 || !isAllThereIs || signal.aborted) return;
      throw new SourceError("standard input ended without a frame: does the program before the pipe run?", {
        retry: false,
      });
    },
  };
}

/** Resolves with how many bytes there were, as runJpegs does. */
async function runRaw(
  input: ReadableStream<Uint8Array>,
  format: PixelFormat,
  size: Size,
  sink: FrameSink,
  signal: AbortSignal,
): Promise<number> {
  const frames = new RawFrames(format, size, sink);
  let bytes = 0;
  try {
    await eachChunk(input, signal, (chunk) => {
      bytes += chunk.length;
      for (let at = 0; at < chunk.length;) at += frames.feed(chunk.subarray(at));
    });
    failOnRest(frames.pendingBytes, `${format} frame of ${size.width}x${size.height}`, signal);
    return bytes;
  } finally {
    frames.abandon();
  }
}

async function runJpegs(input: ReadableStream<Uint8Array>, sink: FrameSink, signal: AbortSignal): Promise<number> {
  let pictures = 0;
  const splitter = new JpegSplitter((jpeg) => {
    pictures++;
    deliverJpeg(sink, jpeg, nowMicros());
  });
  let bytes = 0;
  await eachChunk(input, signal, (chunk) => {
    bytes += chunk.length;
    splitter.feed(chunk);
  });
  if (pictures === 0 && bytes > 0 && !signal.aborted) {
    throw new SourceError(`standard input ended after ${bytes} bytes without one whole JPEG in it`, { retry: false });
  }
  failOnRest(splitter.pendingBytes, "JPEG", signal);
  return bytes;
}

function failOnRest(pendingBytes: number, what: string, signal: AbortSignal): void {
  if (pendingBytes === 0 || signal.aborted) return;
  throw new SourceError(`standard input ended in the middle of a ${what}, after ${pendingBytes} bytes of it`, {
    retry: false,
  });
}
