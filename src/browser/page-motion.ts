// What a worker tells the page about motion.

import type { MotionNow, ShareBox } from "../core/motion.ts";

/** What the server tells about motion, with times of this machine as `Date` has them. */
export interface PageMotion extends Pick<MotionNow, "phase" | "number" | "area" | "zones"> {
  startMs: number;
  movedMs: number;
  heightArea: number;
  /** The box around what moves now, or null if nothing does. */
  moving: ShareBox | null;
}

/** A small picture (JPEG) of the event with this number and start, and the share of the picture that moves in it. */
export interface MotionPicture extends Pick<PageMotion, "number" | "startMs" | "area"> {
  picture: Blob;
}
