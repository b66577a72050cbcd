// An event of motion in one line for the log.

import { type MotionReport, percent } from "../../core/motion.ts";

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
