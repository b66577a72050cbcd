// A trace that keeps its spans, for tests.

import type { Micros } from "../../src/core/clock.ts";
import type { SpanFields, Trace } from "../../src/core/trace.ts";

interface RecordedSpan {
  track: string;
  name: string;
  from: Micros;
  to: Micros;
  fields: SpanFields | undefined;
}

export class RecordedTrace implements Trace {
  readonly spans: RecordedSpan[] = [];

  span(track: string, name: string, from: Micros, to: Micros, fields?: SpanFields): void {
    this.spans.push({ track, name, from, to, fields });
  }
}
