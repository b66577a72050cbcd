// Spans of time on the way of a frame, for a trace file that shows where the milliseconds go.

import type { Micros } from "./clock.ts";

/** What is known of a span beside its times: the frame number, sizes in bytes. */
export type SpanFields = Record<string, string | number>;

/** Hears of each span; `--trace FILE` writes them in Chrome's trace format (src/cli/trace-file.ts). */
export interface Trace {
  /**
   * One span on a track, which is a row of the picture: `camera door`, `viewer 3`. `name` is the step (`encode`, `transfer`,
   * `decode`); `fields` hold the frame number and what else is known of it. Steps of several frames that may overlap belong on
   * tracks of their own: programs that draw the file nest the spans of a track.
   */
  span(track: string, name: string, from: Micros, to: Micros, fields?: SpanFields): void;
}

/** One track of a trace, for a part of the program that has its own row. */
export class TraceTrack {
  readonly #trace: Trace;
  readonly #name: string;

  constructor(trace: Trace, name: string) {
    this.#trace = trace;
    this.#name = name;
  }

  span(name: string, from: Micros, to: Micros, fields?: SpanFields): void {
    this.#trace.span(this.#name, name, from, to, fields);
  }

  /** A row of its own below this one: for steps of several frames at the same time. */
  below(name: string): TraceTrack {
    return new TraceTrack(this.#trace, `${this.#name} ${name}`);
  }
}
