// An encoded picture on the server: what the encoders make and the viewers are sent.

import type { Micros } from "../core/clock.ts";
import type { Size } from "../core/pixel-format.ts";

export interface EncodedPicture extends Size {
  /** Counts captured frames from 1. */
  frameNumber: number;
  capturedAt: Micros;
  encodedAt: Micros;
  /** Never changes: several viewers may be half-way through sending it. */
  jpeg: Uint8Array;
}
