// The findings that the processes of a soak run report to the judge, one JSON object a line.

import type { LatencyMs } from "../../src/core/statistics.ts";

/** A frame in the server's tile store, or a frame that a viewer shows. */
export interface FrameFinding {
  kind: "frame";
  frameNumber: number;
  width: number;
  height: number;
  /** The CRC-32 of the stitched JPEG. */
  crc: number;
  /** For viewers: whether the shown pixels equal that JPEG decoded as a whole, or its grey copy. The server always reports true. */
  isEqual: boolean;
  /** For viewers: whether the grey copy was shown, because of trouble. */
  isGrey?: boolean;
}

/** The pictures that a viewer has shown so far. */
export interface ViewerFinding {
  kind: "viewer";
  frames: number;
  /** The longest time between two pictures. All pictures of the pattern differ. */
  longestGapMs: number;
  connections: number;
}

/** How late the main thread of a process was so far. */
export interface LoopFinding {
  kind: "loop";
  delayMs: LatencyMs;
  /** The same without the time for which the thread waited for a processor. */
  ownDelayMs: LatencyMs;
}

export type Finding = FrameFinding | ViewerFinding | LoopFinding;
