// An event of motion, as programs get it.

import type { ShareBox } from "./motion-grid.ts";

/** A message about motion: it has started, goes on, or has ended. Areas and boxes are shares of the picture, from 0 to 1. */
export interface MotionReport {
  event: "motion";
  /** An event has one `start` and one `end`, and between them an `update` each second in which something moves. */
  phase: "start" | "update" | "end";
  /** The name of the camera. */
  camera: string;
  /** Counts the events of a camera from 1 since it began. */
  number: number;
  /** The time when the motion began (ISO 8601, UTC). `for` has passed since then when the event starts. */
  start: string;
  /** The time of the last frame with motion so far. */
  moved: string;
  /** The share of the picture that moves now, or 0 at the end. */
  area: number;
  /** The largest area so far, and its time. */
  height: { area: number; time: string };
  /** The box around everything that has moved since the start. */
  box: ShareBox;
  /** The names of the watched zones in which something has moved since the start. */
  zones: string[];
}

/** Returns an event in one line for the log. */
export function describeMotion({ phase, number, start, moved, box, height, zones }: MotionReport): string {
  const where = zones.length === 0 ? "" : ` in ${zones.join(", ")}`;
  if (phase === "end") {
    const seconds = Math.round((Date.parse(moved) - Date.parse(start)) / 100) / 10;
    return `motion ${number}${where} has ended after ${seconds} s, at most ${percent(height.area)} of the picture`;
  }
  const at = `around ${percent(box.x + box.width / 2)}, ${percent(box.y + box.height / 2)}`;
  return `motion ${number}${where}: ${percent(height.area)} of the picture ${at} of its width and height`;
}

function percent(share: number): string {
  return `${Math.round(share * 1000) / 10} %`;
}
