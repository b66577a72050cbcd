// Statistics over time: percentiles in limited memory, rates over the last seconds, medians, and counts by reason.

import type { Micros } from "./clock.ts";
import { Histogram } from "./histogram.ts";

/** A latency in milliseconds, rounded to a hundredth. All reports show latencies like this. */
export interface LatencyMs {
  p50: number;
  p95: number;
  p99: number;
  max: number;
}

const HIGHEST_MICROS = 3_600_000_000; // This is one hour. Longer durations count as one hour.

/** Percentiles of durations in microseconds. They are exact to three digits, and their memory is limited. */
export class Durations {
  readonly #histogram = new Histogram(HIGHEST_MICROS);

  /** Adds one duration in microseconds. A duration that a clock offset makes negative counts as one microsecond. */
  record(micros: number): void {
    this.#histogram.record(micros);
  }

  get count(): number {
    return this.#histogram.count;
  }

  /** Returns the percentile `p` (0 < p ≤ 100) in milliseconds, or 0 before the first duration. */
  percentileMs(p: number): number {
    return roundMs(this.#histogram.percentile(p));
  }

  summary(): LatencyMs {
    return {
      p50: this.percentileMs(50),
      p95: this.percentileMs(95),
      p99: this.percentileMs(99),
      max: roundMs(this.#histogram.max),
    };
  }

  reset(): void {
    this.#histogram.reset();
  }
}

/**
 * Computes the number of events a second and the sum of their amounts a second, over the last `spanMicros`. It keeps only the
 * newest `capacity` events.
 */
export class Rate {
  readonly #spanMicros: number;
  readonly #capacity: number;
  #times: Micros[] = [];
  #amounts: number[] = [];

  constructor(spanMicros = 2_000_000, capacity = 2048) {
    this.#spanMicros = spanMicros;
    this.#capacity = capacity;
  }

  add(now: Micros, amount = 1): void {
    this.#times.push(now);
    this.#amounts.push(amount);
    this.#forget(now);
  }

  /** Returns the events a second. Only the intervals between events count, not the time before the first event. */
  perSecond(now: Micros): number {
    this.#forget(now);
    const first = this.#times[0];
    const last = this.#times.at(-1);
    if (first === undefined || last === undefined || this.#times.length < 2) return 0;
    // The time since the last event counts when it is longer than an interval, so the rate falls when events stop.
    const interval = (last - first) / (this.#times.length - 1);
    const spanMicros = Math.max(last - first, now - first - interval);
    return spanMicros <= 0 ? 0 : ((this.#times.length - 1) * 1e6) / spanMicros;
  }

  /** Returns the sum of the amounts per second. */
  amountPerSecond(now: Micros): number {
    const events = this.perSecond(now);
    if (events === 0) return 0;
    return (events * this.#amounts.reduce((sum, amount) => sum + amount, 0)) / this.#amounts.length;
  }

  #forget(now: Micros): void {
    let old = Math.max(0, this.#times.length - this.#capacity);
    while (old < this.#times.length && (this.#times[old] ?? now) < now - this.#spanMicros) old++;
    if (old > 0) {
      this.#times.splice(0, old);
      this.#amounts.splice(0, old);
    }
  }
}

/**
 * The median of the last `capacity` values. It is `undefined` before the first value. The values are kept in ascending order, because
 * a server adds six for each acknowledgement of each viewer.
 */
export class RecentMedian {
  readonly #capacity: number;
  /** The values in the order in which they were added. When there are `capacity`, the one at `#oldest` is replaced next. */
  #values: number[] = [];
  #oldest = 0;
  #ascending: number[] = [];

  constructor(capacity = 16) {
    this.#capacity = capacity;
  }

  add(value: number): void {
    const ascending = this.#ascending;
    const values = this.#values;
    let at = ascending.length;
    if (at < this.#capacity) {
      values.push(value);
      ascending.push(value);
    } else {
      at = ascending.indexOf(values[this.#oldest] as number);
      values[this.#oldest] = value;
      this.#oldest = (this.#oldest + 1) % this.#capacity;
    }
    // The place `at` is free. Its neighbours move into it until the value is in order there.
    for (; at > 0 && (ascending[at - 1] as number) > value; at--) ascending[at] = ascending[at - 1] as number;
    for (; (ascending[at + 1] as number) < value; at++) ascending[at] = ascending[at + 1] as number;
    ascending[at] = value;
  }

  clear(): void {
    this.#values = [];
    this.#oldest = 0;
    this.#ascending = [];
  }

  get value(): number | undefined {
    return this.#ascending[this.#ascending.length >> 1];
  }
}

/** Returns the middle value, or the upper of two middle values. Without values it returns `undefined`. */
export function median(values: readonly number[]): number | undefined {
  return new Float64Array(values).sort()[values.length >> 1]; // in a quarter of the time of a sort with a comparison function
}

/** Counts dropped frames by reason. */
export class DropCounters<Reason extends string> {
  readonly byReason: Record<Reason, number>;

  constructor(reasons: readonly Reason[]) {
    this.byReason = Object.fromEntries(reasons.map((reason) => [reason, 0])) as Record<Reason, number>;
  }

  add(reason: Reason, count = 1): void {
    this.byReason[reason] += count;
  }

  get total(): number {
    return Object.values<number>(this.byReason).reduce((sum, count) => sum + count, 0);
  }
}

/** Converts microseconds to milliseconds, rounded to a hundredth. */
export function roundMs(micros: number): number {
  return Math.round(micros / 10) / 100;
}
