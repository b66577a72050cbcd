// The seconds of the past that a clip has.

import type { DayEvent } from "./day-events.ts";

/** Some seconds of the past, which ended so many seconds ago. */
export interface Span {
  seconds: number;
  ago: number;
}

/** The clip begins and ends so many seconds before and after the motion. */
const AROUND_SECONDS = 3;
/** A server gives no longer clips. */
const MOST_SECONDS = 3600;

/** Returns the seconds of an event that a clip has. Of an event of more than an hour it has the last hour. */
export function clipAround({ startMs, movedMs }: Pick<DayEvent, "startMs" | "movedMs">, nowMs: number): Span {
  const age = (at: number) => (nowMs - at) / 1000;
  const ago = Math.max(0, Math.floor(age(movedMs) - AROUND_SECONDS));
  const seconds = Math.ceil(age(startMs) + AROUND_SECONDS) - ago;
  return { seconds: Math.min(MOST_SECONDS, Math.max(1, seconds)), ago };
}
