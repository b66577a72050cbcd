// The messages between the page and its workers. A worker has the connections, the decoders and the canvases of some cameras.

import type { Size } from "../core/pixel-format.ts";
import type { CameraEntry } from "../protocol/cameras.ts";
import type { Controls, ControlSet, SetControl } from "../protocol/controls.ts";
import type { MotionPicture, PageMotion } from "./page-motion.ts";

/** Tells the server that a script sends the request, so that it does not make the browser ask for a password. */
export const BY_SCRIPT = { "x-requested-with": "slipstream" } as const;

/** The first message to a worker. */
export interface WorkerStart {
  kind: "start";
  /** The address of the page's folder, to which all other addresses are relative. It ends with a slash. */
  base: string;
}

/** A request for one view, which shows one camera. `view` is the number that the page has given to it. */
export type ViewRequest = { view: number } & (
  | {
      kind: "open";
      /** The name of the camera. An empty name means the server's first camera. */
      camera: string;
      canvas: OffscreenCanvas;
    }
  /** The size of the pictures on the screen, in pixels of the device. */
  | { kind: "seen"; size: Size }
  | { kind: "hidden"; isHidden: boolean }
  | { kind: "pause" }
  | { kind: "snapshot" }
  | { kind: "ask-controls" }
  | { kind: "set-control"; set: SetControl }
  | { kind: "close" }
);

export type ToWorker = WorkerStart | ViewRequest | { kind: "logged-in" };

/** The figures of a view. They come when something has changed, and every second. */
export interface ViewState {
  /** The name of the camera, or empty before the first connection. */
  name: string;
  /** The age of the picture on the screen in milliseconds, or null while it is unknown. */
  ageMs: number | null;
  /** The latencies of at most the last five seconds. */
  p50Ms: number;
  p99Ms: number;
  /** What is wrong with the picture, with its duration, or null. */
  alarm: string | null;
  /** Whether the picture on the screen is not live: it is old, or there is a trouble. */
  isOld: boolean;
  /** The trouble without a duration, for people who hear it. */
  trouble: string | null;
  isPaused: boolean;
  isConnected: boolean;
  /** Lines of figures. */
  lines: string[];
}

/** An event of one view. */
export type ViewEvent = { view: number } & (
  | { kind: "state"; state: ViewState }
  | { kind: "source"; size: Size }
  | { kind: "cameras"; cameras: CameraEntry[] }
  | { kind: "shown" }
  /** The view has failed, and it ends. */
  | { kind: "ended"; reason: string }
  | { kind: "saved"; jpeg: Uint8Array<ArrayBuffer>; frameNumber: number; name: string }
  /** Null means that the connection has ended. */
  | { kind: "motion"; motion: PageMotion | null }
  | ({ kind: "motion-picture" } & MotionPicture)
  | { kind: "controls"; controls: Controls }
  | { kind: "control-set"; outcome: ControlSet }
);

export type FromWorker =
  | ViewEvent
  /** The worker cannot show pictures in this browser. */
  | { kind: "unable"; reason: string }
  /** The server needs a key. The worker waits for `logged-in`. */
  | { kind: "needs-key" }
  /** The server speaks this other version of the protocol. */
  | { kind: "other-version"; protocol: string }
  /** One line for the user. */
  | { kind: "say"; text: string };
