// A histogram of durations with fixed bounds, which Prometheus can add up over time and over servers.
//
// `Histogram` (core/histogram.ts) has thousands of buckets, so that percentiles are exact. Prometheus needs the counts below a
// few bounds that never change, and the sum. Counting them here costs some nanoseconds, and reading them costs nothing more.

import type { Micros } from "../../core/clock.ts";

/**
 * The upper bounds in milliseconds. They are close together where people begin to see a difference: below a tenth of a second.
 * The last ones show frames that are far too old.
 */
const BOUNDS_MS = [0.5, 1, 2, 3, 5, 7.5, 10, 15, 20, 30, 40, 50, 75, 100, 150, 250, 500, 1000, 2500, 5000, 10_000];
const BOUNDS_MICROS = Float64Array.from(BOUNDS_MS, (ms) => ms * 1000);

/** The upper bounds in seconds. */
export const BUCKET_BOUNDS: readonly number[] = BOUNDS_MS.map((ms) => ms / 1000);

export class DurationsInBuckets {
  /** The counts by bucket. The last bucket is for durations above all bounds. */
  readonly #counts = new Float64Array(BOUNDS_MICROS.length + 1);
  #sumMicros = 0;

  /** Counts one duration. A duration below 0, which an error of a clock's offset causes, counts as 0. */
  record(micros: Micros): void {
    const duration = Math.max(0, micros);
    let index = 0;
    while (index < BOUNDS_MICROS.length && duration > (BOUNDS_MICROS[index] as number)) index++;
    this.#counts[index] = (this.#counts[index] as number) + 1;
    this.#sumMicros += duration;
  }

  /** The sum of all durations in seconds. */
  get sum(): number {
    return this.#sumMicros / 1e6;
  }

  /** Returns for each bound how many durations do not exceed it, and at the end the number of all durations. */
  cumulative(): number[] {
    let count = 0;
    return Array.from(this.#counts, (inBucket) => {
      count += inBucket;
      return count;
    });
  }
}
