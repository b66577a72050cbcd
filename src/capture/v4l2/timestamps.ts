// The kernel's time of capture on the project's clock.

import type { Micros } from "../../core/clock.ts";

/** A stamp that is older than this is no time of capture: the driver's clock is another than it says. */
const OLDEST_BELIEVED_MICROS = 10e6;

/**
 * A buffer's stamp (CLOCK_MONOTONIC, microseconds) as time of our clock, given what both clocks say now. Between them
 * lies an offset that changes as the wall clock is set, so it is taken anew for each frame. What cannot be true becomes
 * now: a stamp of the future (some cameras' clocks run ahead by a little), one of long ago, none at all.
 */
export function captureTime(stamp: number | null, monotonicNow: number, now: Micros): Micros {
  if (stamp === null) return now;
  const age = monotonicNow - stamp;
  return age >= 0 && age <= OLDEST_BELIEVED_MICROS ? Math.round(now - age) : now;
}
