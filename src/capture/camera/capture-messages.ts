// What the thread that owns a camera and the main thread tell each other.

import type { Setting } from "../control-values.ts";
import type { Identity } from "../v4l2/device.ts";
import type { FrameFormat } from "../source.ts";
import type { Actual, Wanted } from "../v4l2/negotiate.ts";

/** Given to the thread when it is started. */
export interface CaptureOrder {
  /** Where the camera was last. */
  path: string;
  identity: Identity;
  /** Sockets of other cameras with the same name. */
  others: readonly string[];
  wanted: Wanted;
  /** Applied in this order before the first frame. */
  settings: Setting[];
  /** Of `CaptureSignals`. */
  signals: SharedArrayBuffer;
}

/** What is said beside the frames themselves, which go by `CaptureSignals`. */
export type CaptureMessage =
  /** The first message: the camera runs. No frame is larger than `bufferBytes`. */
  | {
      kind: "started";
      path: string;
      actual: Actual;
      format: FrameFormat;
      remarks: string[];
      bufferBytes: number;
    }
  /** A frame is there and no slot to put it in. */
  | { kind: "wants-slot" }
  /** Frames were lost and none came. */
  | { kind: "lost"; lost: number }
  /** It goes no further. The device is being closed, which may take long where its driver waits for it. */
  | { kind: "failing"; message: string }
  /** The last message: it was told to stop, or has failed, for which a camera may always be tried again. */
  | { kind: "ended"; failure: string | null };
