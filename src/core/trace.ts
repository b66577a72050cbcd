// Spans of time on the way of a frame, for a trace file that shows where the milliseconds go.

import type { Micros } from "./clock.ts";

/** Hears of each span; `--trace FILE` writes them in Chrome's trace format (src/cli/trace-file.ts). */
export interface Trace {
  /**
   * One span on a track, which is a row of the picture: `camera door`, `viewer 3`. `name` is the step (`encode`, `transfer`,
   * `decode`); `fields` hold the frame number and what else is known of it.
   */
  span(track: string, name: string, from: Micros, to: Micros, fields?: Record<string, string | number>): void;
}
