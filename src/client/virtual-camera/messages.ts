// The messages between the thread of a virtual camera (thread.ts) and the main thread (virtual-camera.ts).

import type { Size } from "../../core/pixel-format.ts";
import type { Outcome } from "./output-session.ts";

/** The data with which the thread starts. */
export interface VirtualCameraOrder {
  path: string;
  /** Whether the refusals of the driver are sent for a debug log. */
  wantsDebug: boolean;
}

/** A picture for the device, as RGBA. Its memory must stay as it is until `released` or `finished` comes. */
export interface PictureOrder extends Size {
  address: number;
  bytes: number;
  /** The size that the device should have. */
  wanted: Size;
}

/** The main thread sends pictures, one at a time, and null at the end. */
export type ThreadOrder = PictureOrder | null;

export type ThreadMessage =
  /** The device is open, and pictures can be sent. `card` is its own name. */
  | { kind: "opened"; card: string }
  /** The thread has read the picture. */
  | { kind: "released" }
  /** The device has the picture, or was busy. `format` describes the format of the device, or is "". */
  | { kind: "finished"; outcome: Outcome; format: string }
  | { kind: "debug"; text: string }
  /** The device cannot be used, or not any more. The thread ends. */
  | { kind: "failed"; message: string };
