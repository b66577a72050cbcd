// The messages between the thread that owns a camera and the main thread.

import type { Setting } from "../control-values.ts";
import type { FrameFormat } from "../source.ts";
import type { Actual, Wanted } from "../v4l2/negotiate.ts";
import type { KnownCamera } from "./find.ts";

/** The data that the thread gets when it starts. */
export interface CaptureOrder extends KnownCamera {
  wanted: Wanted;
  /** The settings of the camera's controls. The thread sets them in this order before the first frame. */
  settings: readonly Setting[];
  /** The shared memory of `CaptureSignals`. */
  signals: SharedArrayBuffer;
  /** Whether the thread sends `debug` messages. */
  wantsDebug: boolean;
}

/** The messages from the thread to the main thread. Frames do not go through messages: they go through `CaptureSignals`. */
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
  /** A frame has come, but the thread has no memory (slot) to copy it into. */
  | { kind: "wants-slot" }
  /** Several frames in a row were damaged, as `text` says. With null, a frame is whole again. */
  | { kind: "trouble"; text: string | null }
  /** Frames were lost, and no later frame came whose `lost` field could report them. */
  | { kind: "lost"; lost: number }
  /** A line for the log, at level `debug`. */
  | { kind: "debug"; text: string }
  /** The thread has failed and is closing the device, which takes long if the driver waits for the device. */
  | { kind: "failing"; message: string }
  /**
   * The last message. `failure` is null when the thread was told to stop. The main thread treats every failure as temporary and
   * tries again.
   */
  | { kind: "ended"; failure: string | null };
