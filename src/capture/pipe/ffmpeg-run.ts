// One run of ffmpeg: the child process from its start to its end, and the reason of the end.

import { existsSync } from "node:fs";
import { type Micros, nowMicros } from "../../core/clock.ts";
import { SourceError } from "../../core/errors.ts";
import { onAbort } from "../../core/on-abort.ts";
import { SILENCE_MS, silenceLimitMs } from "../../protocol/silence.ts";
import { hangs } from "../../system/process-state.ts";
import { childEnvironment } from "../child-environment.ts";
import { tied } from "../tied-child.ts";
import { eachChunk } from "./chunks.ts";
import { explainComplaint, lastComplaint } from "./complaint.ts";
import { isHeldUntilDue } from "./ffmpeg-command.ts";
import { type FfmpegInput, stdinOf } from "./ffmpeg-input.ts";

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
  const isHeld = isHeldUntilDue(input);
  const stop = (how: "SIGTERM" | "SIGKILL") => {
    child.kill(how);
    setTimeout(() => child.kill("SIGKILL"), TERM_PATIENCE_MS).unref();
  };
  // ffmpeg ignores SIGTERM while its filter holds a frame. A file has no driver or peer that needs more than SIGKILL.
  using _ = onAbort(signal, () => stop(isHeld ? "SIGKILL" : "SIGTERM"));
  let frameAt: Micros = nowMicros();
  // A recording may contain pauses of any length. ffmpeg reports its progress also during a pause, but not when it hangs. While it holds
  // a frame, it reports nothing, and the kernel tells whether it hangs. The kernel is asked only in a pause.
  const isPause = () => nowMicros() - frameAt >= HOLD_MICROS && !signal.aborted;
  const repeatInPause = () => {
    if (!isPause()) return;
    frameAt = nowMicros();
    reader.repeat?.();
  };
  const complaint = lastComplaint(child.stderr, repeatInPause);
  const repeatWhileHeld = () => {
    if (isPause() && !hangs(child.pid)) repeatInPause();
  };
  const repeating = isHeld ? setInterval(repeatWhileHeld, HOLD_MICROS / 2000) : undefined;
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
    clearInterval(repeating);
    stop("SIGTERM");
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
