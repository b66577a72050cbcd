// Statistics: percentiles compared with a sorted array, rates with stalls, medians, drop counters.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { DropCounters, Durations, median, Rate, RecentMedian, roundMs } from "../../src/core/statistics.ts";

/** The relative error of three significant digits, plus the rounding of reports to 0.01 ms. */
const HDR_ERROR = 0.001;
const ROUNDING_MS = 0.0051;

/** The two values around a percentile, in milliseconds. If the rank of the percentile falls between two values, either is right. */
function percentileOracle(values: readonly number[], p: number): { from: number; to: number } {
  const sorted = values.toSorted((a, b) => a - b);
  const rank = (p * sorted.length) / 100;
  const at = (index: number) => (sorted[Math.max(1, index) - 1] ?? Number.NaN) / 1000;
  return { from: at(Math.floor(rank)), to: at(Math.ceil(rank)) };
}

function recorded(values: readonly number[]): Durations {
  const durations = new Durations();
  for (const value of values) durations.record(value);
  return durations;
}

describe("Durations: percentiles", () => {
  test("Durations has the percentiles of a sorted array, to three digits", () => {
    const micros = fc.oneof(fc.integer({ min: 1, max: 5_000 }), fc.integer({ min: 1, max: 3_600_000_000 }));
    fc.assert(
      fc.property(fc.array(micros, { minLength: 1, maxLength: 300 }), fc.integer({ min: 1, max: 100 }), (values, p) => {
        const { from, to } = percentileOracle(values, p);
        const found = recorded(values).percentileMs(p);
        expect(found).toBeGreaterThanOrEqual(from * (1 - HDR_ERROR) - ROUNDING_MS);
        expect(found).toBeLessThanOrEqual(to * (1 + HDR_ERROR) + ROUNDING_MS);
      }),
    );
  });

  test("Durations.summary is in rising order, with the largest value as maximum", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 1e9 }), { minLength: 1, maxLength: 100 }), (values) => {
        const { p50, p95, p99, max } = recorded(values).summary();
        expect([p50, p95, p99, max]).toEqual([p50, p95, p99, max].toSorted((a, b) => a - b));
        const largest = Math.max(...values) / 1000;
        expect(Math.abs(max - largest)).toBeLessThanOrEqual(largest * HDR_ERROR + ROUNDING_MS);
      }),
    );
  });

  test("Durations is zero before the first value and after a reset", () => {
    const durations = new Durations();
    const nothing = { p50: 0, p95: 0, p99: 0, max: 0 };
    expect(durations.summary()).toEqual(nothing);
    durations.record(5_000);
    expect(durations.summary().p50).toBeCloseTo(5, 1);
    expect(durations.count).toBe(1);
    durations.reset();
    expect(durations.count).toBe(0);
    expect(durations.summary()).toEqual(nothing);
  });

  test("Durations counts negative, fractional and infinite values without throwing", () => {
    const durations = recorded([-5_000_000, 0, 0.4, 1e12]);
    expect(durations.count).toBe(4);
    expect(durations.percentileMs(25)).toBe(0);
    expect(Math.abs(durations.summary().max - 3_600_000)).toBeLessThanOrEqual(3_600);
  });
});

describe("Rate: events and amounts per second", () => {
  test("Rate is exact for regular events, from the second one on", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000_000 }), fc.integer({ min: 2, max: 100 }), (interval, events) => {
        const rate = new Rate(1e9);
        for (let i = 0; i < events; i++) rate.add(1.7e15 + i * interval);
        expect(rate.perSecond(1.7e15 + (events - 1) * interval) * interval).toBeCloseTo(1e6, 3);
      }),
    );
    expect(new Rate().perSecond(5)).toBe(0);
    const once = new Rate();
    once.add(1000);
    expect(once.perSecond(1000)).toBe(0);
  });

  test("Rate falls after a stall and ends at zero", () => {
    const rate = new Rate(2_000_000);
    for (let i = 0; i <= 30; i++) rate.add(i * 33_333);
    const rates = [0, 100_000, 300_000, 600_000, 900_000].map((later) => rate.perSecond(1_000_000 + later));
    expect(rates[0]).toBeCloseTo(30, 0);
    expect(rates).toEqual(rates.toSorted((a, b) => b - a));
    expect(rates.at(-1)).toBeLessThan(25);
    expect(rate.perSecond(3_000_001)).toBe(0);
  });

  test("Rate is zero for two events at the same time", () => {
    const rate = new Rate();
    rate.add(7);
    rate.add(7);
    expect(rate.perSecond(7)).toBe(0);
  });

  test("Rate.amountPerSecond is the mean amount times the events per second", () => {
    const rate = new Rate();
    expect(rate.amountPerSecond(0)).toBe(0);
    for (let i = 0; i <= 10; i++) rate.add(i * 100_000, i % 2 === 0 ? 1_000 : 3_000);
    const mean = (6 * 1_000 + 5 * 3_000) / 11;
    expect(rate.amountPerSecond(1_000_000)).toBeCloseTo(10 * mean, 3);
  });

  test("Rate keeps no more events than its capacity", () => {
    const capacity = 100;
    const rate = new Rate(1e9, capacity);
    // Many events at once, then few: the later rate is right only if the many are forgotten.
    for (let i = 0; i < 50_000; i++) rate.add(i);
    for (let i = 1; i <= capacity; i++) rate.add(50_000 + i * 10_000);
    expect(rate.perSecond(50_000 + capacity * 10_000)).toBeCloseTo(100, 3);
  });
});

describe("medians of all values and of recent values", () => {
  test("median is the middle value of a sorted array, or the upper one of two middle values", () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 1, maxLength: 40 }), (values) => {
        const before = [...values];
        const middle = median(values) as number;
        expect(values.filter((value) => value <= middle).length).toBeGreaterThan(values.length / 2);
        expect(values.filter((value) => value >= middle).length).toBeGreaterThanOrEqual(values.length / 2);
        expect(values).toContain(middle);
        expect(values).toEqual(before);
      }),
    );
    expect(median([])).toBeUndefined();
    expect(median([1, 2])).toBe(2);
  });

  test("RecentMedian forgets values beyond its capacity", () => {
    const recent = new RecentMedian(3);
    expect(recent.value).toBeUndefined();
    for (const value of [1000, 1000, 1000, 1, 2, 3]) recent.add(value);
    expect(recent.value).toBe(2);
    recent.add(100);
    expect(recent.value).toBe(3);
  });
});

test("RecentMedian is the median of the last values, even after it was cleared", () => {
  const values = fc.array(fc.oneof(fc.integer({ min: 0, max: 5 }), fc.double({ noNaN: true })), { maxLength: 60 });
  fc.assert(
    fc.property(values, values, fc.integer({ min: 1, max: 20 }), (before, after, capacity) => {
      const recent = new RecentMedian(capacity);
      for (const each of before) recent.add(each);
      recent.clear();
      const all: number[] = [];
      for (const each of after) {
        recent.add(each);
        all.push(each);
        const sorted = all.slice(-capacity).toSorted((a, b) => a - b);
        expect(recent.value).toBe(sorted[sorted.length >> 1] as number);
      }
    }),
  );
});

describe("DropCounters: reasons and their sum", () => {
  test("DropCounters.total is the sum over the reasons", () => {
    const reasons = ["stale", "late", "encode"] as const;
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom(...reasons), fc.nat(1000))), (drops) => {
        const counters = new DropCounters(reasons);
        for (const [reason, count] of drops) counters.add(reason, count);
        expect(Object.keys(counters.byReason)).toEqual([...reasons]);
        expect(counters.total).toBe(drops.reduce((sum, [, count]) => sum + count, 0));
        for (const reason of reasons) {
          const own = drops.filter(([each]) => each === reason).reduce((sum, [, count]) => sum + count, 0);
          expect(counters.byReason[reason]).toBe(own);
        }
      }),
    );
  });

  test("DropCounters adds one by default", () => {
    const counters = new DropCounters(["late"]);
    counters.add("late");
    expect(counters.byReason).toEqual({ late: 1 });
  });
});

test("roundMs rounds to a hundredth of a millisecond", () => {
  expect([0, 4, 5, 1_234, 1_236, 1e6].map(roundMs)).toEqual([0, 0, 0.01, 1.23, 1.24, 1000]);
});
