// What the processes of a soak run report to the judge: one JSON object a line.

/** A frame as the server's tile store holds it, or as a viewer shows it. */
export interface FrameFinding {
  kind: "frame";
  frameNumber: number;
  width: number;
  height: number;
  /** The CRC-32 of the stitched JPEG. */
  crc: number;
  /** For viewers: whether the shown pixels equal that JPEG, decoded whole. The server always reports true. */
  isEqual: boolean;
}

/** What a viewer has shown so far. */
export interface ViewerFinding {
  kind: "viewer";
  frames: number;
  /** The longest time between two pictures. The pattern's pictures all differ. */
  longestGapMs: number;
  connections: number;
}

export type Finding = FrameFinding | ViewerFinding;
