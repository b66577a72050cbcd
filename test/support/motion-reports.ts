// Messages about motion for tests of outputs.

import type { MotionMessage } from "../../src/server/motion/outputs/event-output.ts";
import type { MotionReport } from "../../src/core/motion.ts";

/** Returns the message of a phase of an event. */
export function motionMessage(
  phase: MotionReport["phase"],
  number = 1,
  picture: Uint8Array | null = null,
): MotionMessage {
  const start = "2026-11-29T08:10:00.300Z";
  const report: MotionReport = {
    ...{ event: "motion", phase, camera: "front door", number, start, moved: start },
    ...{ area: 0.02, height: { area: 0.03, time: start }, box: { x: 0, y: 0, width: 0.5, height: 0.5 } },
    zones: ["path", "; touch x"],
  };
  return { report, picture };
}
