// Records how long each step of a frame takes, for a trace file.

import type { Micros } from "./clock.ts";

/** The data of a span beside its times, for example the frame number or a size in bytes. */
export type SpanFields = Record<string, string | number>;

/** Receives each span. With `--trace FILE`, src/cli/trace-file.ts writes the spans in Chrome's trace format. */
export interface Trace {
  /**
   * Records one span on a track. A track is a row of the diagram, for example `camera door` or `viewer 3`. `name` is the step
   * (`encode`, `transfer`, `decode`). `fields` has the frame number and other data. Steps of different frames that may overlap
   * need separate tracks, because programs that draw the file nest the spans of a track.
   */
  span(track: string, name: string, from: Micros, to: Micros, fields?: SpanFields): void;
}

/** One track of a trace, for one part of the program. */
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

  /** Returns another track below this one, for steps that overlap with the steps on this track. */
  below(name: string): TraceTrack {
    return new TraceTrack(this.#trace, `${this.#name} ${name}`);
  }
}
