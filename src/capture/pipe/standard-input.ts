// The source `-`: frames on standard input, raw or as MJPEG. JPEGs are read as fast as they come, and raw frames when the encoders
// have room for them (raw-input-thread.ts).

import { nowMicros } from "../../core/clock.ts";
import { codeOf, SourceError, UsageError } from "../../core/errors.ts";
import { explainFileError } from "../../core/file-errors.ts";
import { frameBytes, type Size } from "../../core/pixel-format.ts";
import { JpegFrames } from "../jpeg/jpeg-frames.ts";
import { JpegReader, type JpegSink } from "../jpeg/jpeg-reader.ts";
import { QuietEnd } from "../jpeg/quiet-end.ts";
import type { FrameFormat, FrameSink, Source } from "../source.ts";
import { eachChunk } from "./chunks.ts";
import { type RawPipe, readRawInput } from "./raw-input.ts";
import { describeFrame, RawFrames } from "./raw-frames.ts";

export interface StandardInputOptions {
  /** The bytes, or a pipe from which a thread reads raw frames. */
  input: ReadableStream<Uint8Array> | RawPipe;
  format: FrameFormat;
  /** The size of raw frames, or null for MJPEG. */
  size: Size | null;
  /** The nominal rate, or 0 if unknown. */
  framesPerSecond: number;
}

/**
 * Creates the source. Throws UsageError for raw frames without a size, because raw frames do not contain their size, and for
 * MJPEG with a size.
 */
export function createStandardInput({ input, format, size, framesPerSecond }: StandardInputOptions): Source {
  if (format !== "mjpeg" && size === null) {
    throw new UsageError(
      `--source - with --pixel-format ${format} needs --size WIDTHxHEIGHT: raw frames do not contain their size`,
    );
  }
  if (format === "mjpeg" && size !== null) {
    throw new UsageError("--size cannot be used with --pixel-format mjpeg: each JPEG contains its own size");
  }
  let isFirst = true; // A later run goes on with the rest of the input, which may be empty.
  const read = readerOf({ input, format, size });
  return {
    name: "standard input",
    framesPerSecond,
    async run(sink, signal) {
      const hasBegun = !isFirst;
      isFirst = false;
      let bytes = 0;
      try {
        bytes = await read(sink, signal);
      } catch (error) {
        if (codeOf(error) === undefined) throw error;
        throw new SourceError(`cannot read standard input: ${explainFileError(error)}`, { retry: false, cause: error });
      }
      if (bytes > 0 || hasBegun || signal.aborted) return;
      throw new SourceError("standard input ended without a frame: check the program that writes to the pipe", {
        retry: false,
      });
    },
  };
}

/** Reads the input until it ends or the signal aborts, and returns the number of its bytes. */
type ReadInput = (sink: FrameSink, signal: AbortSignal) => Promise<number>;

function readerOf({ input, format, size }: Pick<StandardInputOptions, "input" | "format" | "size">): ReadInput {
  const isRaw = format !== "mjpeg" && size !== null;
  if (!("descriptor" in input)) {
    if (isRaw) return (sink, signal) => readStream(input, rawReader(new RawFrames(format, size, sink)), signal);
    // The beginning of a picture is found in the middle of a stream, so a later run can go on with the rest.
    return (sink, signal) => readStream(input, jpegReader(sink), signal, { keeps: true });
  }
  if (!isRaw) throw new Error("a descriptor was given for MJPEG, which is read as a stream");
  return async (sink, signal) => {
    const { bytes, restBytes, failure } = await readRawInput({ pipe: input, format, size }, sink, signal);
    if (failure !== null) throw Object.assign(new Error(failure.message), { code: failure.code });
    const readBytes = restBytes === 0 ? 0 : frameBytes(format, size.width, size.height) - restBytes;
    if (!signal.aborted) failOnRest(readBytes, describeFrame(format, size));
    return bytes;
  };
}

async function readStream(
  input: ReadableStream<Uint8Array>,
  reader: InputReader,
  signal: AbortSignal,
  { keeps = false }: { keeps?: boolean } = {},
): Promise<number> {
  let bytes = 0;
  const onChunk = (chunk: Uint8Array) => {
    bytes += chunk.length;
    reader.feed(chunk);
  };
  try {
    await eachChunk(input, signal, onChunk, { keeps });
    if (!signal.aborted) reader.checkEnd(bytes);
  } finally {
    reader.abandon();
  }
  return bytes;
}

interface InputReader {
  feed(chunk: Uint8Array): void;
  /** Throws SourceError when the input ended within a frame. `bytes` is the length of the whole input. */
  checkEnd(bytes: number): void;
  abandon(): void;
}

function rawReader(frames: RawFrames): InputReader {
  return {
    feed(chunk) {
      for (let at = 0; at < chunk.length;) at += frames.feed(chunk.subarray(at));
    },
    checkEnd: () => failOnRest(frames.pendingBytes, frames.frameText),
    abandon: () => frames.abandon(),
  };
}

function jpegReader(sink: FrameSink): InputReader {
  let pictures = 0;
  let [arrivedAt, arrivedBefore] = [nowMicros(), nowMicros()];
  const frames = new JpegFrames(sink);
  const counting: JpegSink = {
    picture(jpeg) {
      pictures++;
      // The end of a JPEG without EOI is found in the chunk where the next one begins. So it had arrived before this chunk.
      const isWhole = jpeg.at(-2) === 0xff && jpeg.at(-1) === 0xd9;
      frames.capturedAt = isWhole ? arrivedAt : arrivedBefore;
      frames.picture(jpeg);
    },
    damaged: (reason) => frames.damaged(reason),
  };
  const reader = new JpegReader(counting, { hasBorders: false });
  const hasPaused = () => {
    arrivedBefore = arrivedAt;
  };
  const quietEnd = new QuietEnd(reader, hasPaused);
  return {
    feed(chunk) {
      [arrivedBefore, arrivedAt] = [arrivedAt, nowMicros()];
      quietEnd.around(() => reader.write(chunk));
    },
    checkEnd(bytes) {
      const { pendingBytes } = reader;
      hasPaused();
      reader.end();
      if (pictures === 0 && bytes > 0) {
        const text = `standard input ended after ${bytes} bytes without a complete JPEG`;
        throw new SourceError(text, { retry: false });
      }
      failOnRest(pendingBytes, "JPEG");
    },
    abandon: () => quietEnd[Symbol.dispose](),
  };
}

function failOnRest(pendingBytes: number, what: string): void {
  if (pendingBytes <= 0) return; // it is negative when the rest of a frame of an earlier size is missing
  throw new SourceError(`standard input ended in the middle of a ${what}, after ${pendingBytes} bytes of the frame`, {
    retry: false,
  });
}
