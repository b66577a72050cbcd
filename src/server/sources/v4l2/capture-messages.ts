// What the thread that owns a camera and the main thread tell each other.

import type { MessagePort } from "node:worker_threads";
import type { Micros } from "../../../core/clock.ts";
import type { Setting } from "../control-values.ts";
import type { Identity } from "./device.ts";
import type { FrameFormat } from "./formats.ts";
import type { Actual, Wanted } from "./negotiate.ts";

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
  /** In shared memory, see SIGNAL. */
  signals: Int32Array;
  /** Brings `SlotMessage`s. */
  slots: MessagePort;
}

/**
 * Words of `signals`. The thread waits for `taken` to reach the number of frames it has sent before it looks for the next
 * one, so that one frame at most is on its way between the threads, and it is the newest.
 */
export const SIGNAL = { stop: 0, taken: 1, slotsSent: 2 } as const;
export const SIGNAL_BYTES = 12;

/** Room for a frame of pixels, in the arena; null where there is none. */
export interface SlotMessage {
  bytes: Uint8Array | null;
}

export type CaptureMessage =
  /** The first message: the camera runs. */
  | { kind: "started"; path: string; actual: Actual; format: FrameFormat; remarks: string[] }
  | { kind: "jpeg"; bytes: Uint8Array<ArrayBuffer>; capturedAt: Micros; lost: number }
  /** The slot that was sent last is full. */
  | { kind: "pixels"; capturedAt: Micros; lost: number }
  /** A frame is there and no slot to put it in. */
  | { kind: "wants-slot" }
  /** Frames were lost and none came. */
  | { kind: "lost"; lost: number }
  /** It goes no further. The device is being closed, which may take long where its driver waits for it. */
  | { kind: "failing"; message: string }
  /** The last message: it was told to stop, or has failed, for which a camera may always be tried again. */
  | { kind: "ended"; failure: string | null };
