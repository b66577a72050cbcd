// AgeOverTime: the age of a picture counts for as long as the picture stays on the screen.

import { describe, expect, test } from "bun:test";
import { AgeOverTime, recoveryMs, summariseAges } from "../../bench/age-over-time.ts";

const MS = 1_000;
const START = 1_700_000_000_000_000;

/** Pictures with an age of 40 ms arrive every 20 ms, except from 200 to 700 ms. */
function runWithFreeze() {
  const age = new AgeOverTime();
  for (let ms = 0; ms <= 1000; ms += 20) {
    if (ms <= 200 || ms >= 700) age.shown(START + (ms - 40) * MS, START + ms * MS);
  }
  return age.until(START + 1_020 * MS);
}

describe("AgeOverTime: samples and summaries", () => {
  test("AgeOverTime: samples the age of the current picture every 10 ms", () => {
    const { firstAt, stepMs, agesMs } = runWithFreeze();
    expect({ firstAt, stepMs, samples: agesMs.length }).toEqual({ firstAt: START, stepMs: 10, samples: 102 });
    expect(agesMs.slice(0, 4)).toEqual([40, 50, 40, 50]);
    expect(agesMs[69]).toBe(530); // the pictures from 160 to 690 ms
    expect(agesMs[70]).toBe(40);
  });

  test("summariseAges: a freeze counts for as long as it lasts", () => {
    const samples = runWithFreeze();
    const whole = summariseAges(samples, START, START + 1_020 * MS);
    expect(whole.p50).toBeWithin(50, 100);
    expect(whole.p95).toBeGreaterThan(450);
    expect(whole.max).toBe(530);
    expect(summariseAges(samples, START, START + 190 * MS)).toEqual({ p50: 40, p95: 50, p99: 50, max: 50 });
  });

  test("recoveryMs: the recovery ends when the age stays below the limit", () => {
    const samples = runWithFreeze();
    expect(recoveryMs(samples, START + 400 * MS, 60, 100)).toBe(300);
    expect(recoveryMs(samples, START + 800 * MS, 60, 100)).toBe(0);
    expect(recoveryMs(samples, START + 400 * MS, 45, 100)).toBe(Number.POSITIVE_INFINITY);
    // In the first 20 ms of the freeze the age is below the limit, but it does not stay there.
    expect(recoveryMs(samples, START + 190 * MS, 80, 100)).toBe(510);
  });
});
