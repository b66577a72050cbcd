// What the processes of a soak run say to the one that judges it, one JSON object a line.

/** A frame, as the server's tile store has it or as a viewer shows it. */
export interface FrameFinding {
  kind: "frame";
  frameNumber: number;
  width: number;
  height: number;
  /** CRC-32 of the stitched JPEG. */
  crc: number;
  /** Viewers only: whether the pixels shown are those of that JPEG, decoded whole; the server says true. */
  isEqual: boolean;
}

/** What a viewer has seen so far. */
export interface ViewerFinding {
  kind: "viewer";
  frames: number;
  /** Longest time between two pictures; those of the pattern all differ. */
  longestGapMs: number;
  connections: number;
}

export type Finding = FrameFinding | ViewerFinding;
