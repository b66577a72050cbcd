// The messages between the thread that owns a camera and the main thread.

import type { Setting } from "../control-values.ts";
import type { FrameFormat } from "../source.ts";
import type { Actual, Wanted } from "../v4l2/negotiate.ts";
import type { KnownCamera } from "./find.ts";

/** What the thread is started with. */
export interface CaptureOrder extends KnownCamera {
  wanted: Wanted;
  /** Applied in this order before the first frame. */
  settings: readonly Setting[];
  /** The memory of `CaptureSignals`. */
  signals: SharedArrayBuffer;
  /** Whether the thread sends `debug` messages. */
  wantsDebug: boolean;
}

/** The thread's messages. Frames do not go by messages but by `CaptureSignals`. */
export type CaptureMessage =
  /** The camera runs. The first message, except for `debug`. No frame is larger than `bufferBytes`. */
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
