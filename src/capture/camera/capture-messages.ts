// The messages between the thread that owns a camera and the main thread.

import type { Setting } from "../control-values.ts";
import type { FrameFormat } from "../source.ts";
import type { Actual, Wanted } from "../v4l2/negotiate.ts";
import type { KnownCamera } from "./find.ts";

/** The data that the thread gets when it starts. */
export interface CaptureOrder extends KnownCamera {
  wanted: Wanted;
  /** The settings, which are made in this order before the first frame. */
  settings: readonly Setting[];
  /** The shared memory of `CaptureSignals`. */
  signals: SharedArrayBuffer;
  /** Whether the thread sends `debug` messages. */
  wantsDebug: boolean;
}

/** The messages of the thread. Frames are passed by `CaptureSignals` instead of messages. */
export type CaptureMessage =
  /** The camera runs. This is the first message after `debug` messages. No frame is larger than `bufferBytes`. */
  | {
      kind: "started";
      path: string;
      actual: Actual;
      format: FrameFormat;
      remarks: string[];
      bufferBytes: number;
    }
  /** There is a frame, but no slot for it. */
  | { kind: "wants-slot" }
  /** Frames were lost, and there is none to report them with. */
  | { kind: "lost"; lost: number }
  /** A line for the log, at level `debug`. */
  | { kind: "debug"; text: string }
  /** The thread has failed and is closing the device, which takes long if the driver waits for the device. */
  | { kind: "failing"; message: string }
  /** The last message. `failure` is null when the thread was told to stop. Each failure may be temporary. */
  | { kind: "ended"; failure: string | null };
