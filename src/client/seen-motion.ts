// Motion as a viewer knows it: in the clock of this machine.

import { type Micros, nowMicros, wallAheadMs } from "../core/clock.ts";
import { type MotionNow, type MotionReport, percent, reportMotion, roundedBox, type ShareBox } from "../core/motion.ts";
import type { ClockOffset } from "../protocol/clock-offset.ts";
import type { Motion } from "../protocol/motion.ts";

/** A message about motion of a viewer, for programs. Times are those of the viewer's machine. */
export interface SeenMotionReport extends MotionReport {
  /** The box around what moves now, or null if nothing does. */
  moving: ShareBox | null;
}

/**
 * Converts a message that has just come. Before the offset between the clocks is known, the message counts as sent now, so its times are
 * too late by the time of the transfer.
 */
export function inOwnClock(motion: Motion, clock: Pick<ClockOffset, "known" | "toOwnClock">): MotionNow {
  const { sentAt, startedAt, movedAt, height, ...same } = motion;
  const aheadMicros = nowMicros() - sentAt;
  const own = (at: Micros) => (clock.known ? clock.toOwnClock(at) : at + aheadMicros);
  return {
    ...same,
    startedAt: own(startedAt),
    movedAt: own(movedAt),
    height: { area: height.area, at: own(height.at) },
  };
}

/** Returns a message for programs. */
export function reportSeenMotion(camera: string, motion: MotionNow): SeenMotionReport {
  const aheadMs = wallAheadMs();
  const { moving } = motion;
  const report = reportMotion(camera, motion, (at) => at / 1000 + aheadMs);
  return { ...report, moving: moving === null ? null : roundedBox(moving) };
}

/** Returns the line of the overlay while motion goes on. */
export function describeSeenMotion({ number, startedAt, area, zones }: MotionNow): string {
  const seconds = Math.max(0, Math.floor((nowMicros() - startedAt) / 1e6));
  return [`motion ${number}`, `${seconds} s`, percent(area), zones.join(", ")].filter((part) => part !== "").join("  ");
}
