// The texts about an event of motion.

import { percent } from "../../core/motion.ts";
import type { DayEvent } from "./day-events.ts";

/** The time of day on the user's clock, with seconds. */
export function timeOf(ms: number): string {
  return new Date(ms).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });
}

/** The length, the area and the zones of an event: 4 s, 2.1 % of the picture, path. */
export function describeEvent({ startMs, movedMs, area, zones, isOver }: DayEvent): string {
  const length = formatLength(Math.max(0, movedMs - startMs));
  return [isOver ? length : `${length} so far`, `${percent(area)} of the picture`, ...zones].join(", ");
}

/** 4 s, 75 s, 12 min. */
function formatLength(ms: number): string {
  const seconds = Math.max(1, Math.round(ms / 1000));
  return seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}
