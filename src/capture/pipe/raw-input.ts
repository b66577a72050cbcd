// Reads raw frames from a descriptor of this process, for example standard input. A thread reads them straight into slots: memory
// that all threads share.

import { Worker } from "node:worker_threads";
import { SourceError } from "../../core/errors.ts";
import { onAbort } from "../../core/on-abort.ts";
import { frameBytes, type PixelFormat, type Size } from "../../core/pixel-format.ts";
import { PROGRAM_FILES } from "../../program-files.ts";
import { CaptureSignals } from "../hand-over/capture-signals.ts";
import { HandOver } from "../hand-over/hand-over.ts";
import { endOf, hasEnded } from "../../system/thread-end.ts";
import type { FrameSink } from "../source.ts";

/**
 * An input of raw frames, and where it was left. It outlives a source: when a camera gets new settings, another source reads the same
 * input, which may be in the middle of a frame.
 */
export interface RawPipe {
  readonly descriptor: number;
  /** The bytes that are missing in the frame that was read last. */
  restBytes: number;
  /** Whether the input was read before. Then the frames whose first bytes wait are dropped, because they came while nobody read. */
  wasRead: boolean;
}

/** Returns an input that nobody has read. */
export function rawPipeAt(descriptor: number): RawPipe {
  return { descriptor, restBytes: 0, wasRead: false };
}

/** The data that the thread gets when it starts. */
export interface RawInputOrder {
  descriptor: number;
  frameBytes: number;
  /** The bytes at the beginning that do not count, because they are the rest of a frame. */
  skippedBytes: number;
  /** Whether the frames whose first bytes wait at the beginning are dropped. */
  dropsWaiting: boolean;
  /** The shared memory of `CaptureSignals`. */
  signals: SharedArrayBuffer;
  /** The shared memory of the sink's `Room`. Null if the sink always has room. */
  room: SharedArrayBuffer | null;
}

/** The messages from the thread to the main thread. Frames go through `CaptureSignals`. */
export type RawInputMessage =
  /** A frame has come, but the thread has no memory (slot) to read it into. */
  | { kind: "wants-slot" }
  /** The last message. */
  | { kind: "ended"; outcome: RawInputOutcome };

export interface RawInputOutcome {
  /** The number of bytes that were read. */
  bytes: number;
  /** The number of bytes that are missing in the last frame. */
  restBytes: number;
  /** The error of the system that ended reading, or null. */
  failure: { code: string; message: string } | null;
}

export interface RawInput {
  pipe: RawPipe;
  format: PixelFormat;
  size: Size;
}

/**
 * Reads frames until the input ends or the signal aborts, and notes in `pipe` where it was left. Rejects with SourceError when the
 * thread fails.
 */
export async function readRawInput(input: RawInput, sink: FrameSink, signal: AbortSignal): Promise<RawInputOutcome> {
  const { pipe, format, size } = input;
  const bufferBytes = frameBytes(format, size.width, size.height);
  const signals = new CaptureSignals();
  const workerData: RawInputOrder = {
    descriptor: pipe.descriptor,
    frameBytes: bufferBytes,
    skippedBytes: pipe.restBytes,
    dropsWaiting: pipe.wasRead,
    signals: signals.memory,
    room: sink.room?.memory ?? null,
  };
  const worker = new Worker(PROGRAM_FILES.threads.rawInput, { workerData });
  const handOver = new HandOver(sink, signals);
  const ended = Promise.withResolvers<RawInputOutcome>();
  worker.on("message", (message: RawInputMessage) => {
    if (message.kind === "ended") ended.resolve(message.outcome);
    else if (!signal.aborted) handOver.answerForSlot();
  });
  const fail = (text: string, cause?: Error) => ended.reject(new SourceError(text, { retry: false, cause }));
  worker.on("error", (cause: Error) => fail(`the thread that reads the frames failed: ${cause.message}`, cause));
  const end = endOf(worker);
  void end.then(() => {
    handOver.abandon(); // The slot is released only now, because the thread may have been writing to it.
    fail("the thread that reads the frames has ended unexpectedly");
  });
  handOver.begin({ format, size, bufferBytes }).catch(ended.reject);
  using _ = onAbort(signal, () => signals.stop()); // This happens immediately, so that no frame is delivered after the abort.
  try {
    const outcome = await ended.promise;
    pipe.restBytes = outcome.restBytes;
    pipe.wasRead = true;
    return outcome;
  } finally {
    signals.stop();
    await hasEnded(worker, end);
  }
}
