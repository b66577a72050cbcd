// The histogram is compared with the one of perf_hooks, which is HdrHistogram_c.

import { describe, expect, test } from "bun:test";
import { createHistogram } from "node:perf_hooks";
import fc from "fast-check";
import { Histogram } from "../../src/core/histogram.ts";

const HIGHEST = 3_600_000_000;
/** Values in which each order of magnitude is equally frequent, and values at the edges of buckets. */
const values = fc.oneof(
  fc.double({ min: 0, max: Math.log2(HIGHEST), noNaN: true }).map((bits) => Math.floor(2 ** bits)),
  fc
    .integer({ min: 0, max: 31 })
    .chain((bits) => fc.integer({ min: -1, max: 1 }).map((by) => Math.max(1, 2 ** bits + by))),
);

describe("Histogram: figures", () => {
  test("Histogram has the same percentiles, maximum and count as perf_hooks", () => {
    fc.assert(
      fc.property(
        fc.array(values, { minLength: 1, maxLength: 400 }),
        fc.oneof(fc.integer({ min: 1, max: 100 }), fc.constantFrom(0.1, 99.9)),
        (recorded, p) => {
          const oracle = createHistogram({ lowest: 1, highest: HIGHEST, figures: 3 });
          const histogram = new Histogram(HIGHEST);
          for (const value of recorded) {
            oracle.record(value);
            histogram.record(value);
          }
          expect(histogram.percentile(p)).toBe(Math.min(oracle.percentile(p), Math.max(...recorded)));
          expect(histogram.max).toBe(Math.max(...recorded));
          expect(histogram.count).toBe(oracle.count);
        },
      ),
      { numRuns: 500 },
    );
  });

  test("Histogram counts values below 1 as 1, and those above the highest as the highest", () => {
    const histogram = new Histogram(5_000);
    for (const value of [-3, 0, 0.2, 6_000, 1e12]) histogram.record(value);
    expect([histogram.percentile(50), histogram.percentile(100), histogram.count]).toEqual([1, 5_000, 5]);
  });

  test("Histogram is empty after a reset", () => {
    const histogram = new Histogram(HIGHEST);
    histogram.record(1_000_000);
    histogram.reset();
    expect([histogram.percentile(50), histogram.max, histogram.count]).toEqual([0, 0, 0]);
    histogram.record(7);
    expect(histogram.percentile(50)).toBe(7);
  });
});
