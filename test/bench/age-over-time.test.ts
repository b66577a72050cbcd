// Ages looked at over time: a picture that stands counts as long as it stands.

import { describe, expect, test } from "bun:test";
import { AgeOverTime, recoveryMs, summariseAges } from "../../bench/age-over-time.ts";

const MS = 1_000;
const START = 1_700_000_000_000_000;

/** Pictures 40 ms old when they come, every 20 ms, but none between 200 and 700 ms. */
function withAFreeze() {
  const age = new AgeOverTime();
  for (let ms = 0; ms <= 1000; ms += 20) {
    if (ms <= 200 || ms >= 700) age.shown(START + (ms - 40) * MS, START + ms * MS);
  }
  return age.until(START + 1_020 * MS);
}

describe("age over time", () => {
  test("looks every 10 ms, at the picture that is there", () => {
    const { firstAt, stepMs, agesMs } = withAFreeze();
    expect({ firstAt, stepMs, looks: agesMs.length }).toEqual({ firstAt: START, stepMs: 10, looks: 102 });
    expect(agesMs.slice(0, 4)).toEqual([40, 50, 40, 50]);
    expect(agesMs[69]).toBe(530); // from 160 to 690
    expect(agesMs[70]).toBe(40);
  });

  test("a freeze weighs by its length: of a run of which half is frozen, half is old", () => {
    const samples = withAFreeze();
    const whole = summariseAges(samples, START, START + 1_020 * MS);
    expect(whole.p50).toBeWithin(50, 100);
    expect(whole.p95).toBeGreaterThan(450);
    expect(whole.max).toBe(530);
    expect(summariseAges(samples, START, START + 190 * MS)).toEqual({ p50: 40, p95: 50, p99: 50, max: 50 });
  });

  test("recovery is over when the age stays below the limit", () => {
    const samples = withAFreeze();
    expect(recoveryMs(samples, START + 400 * MS, 60, 100)).toBe(300);
    expect(recoveryMs(samples, START + 800 * MS, 60, 100)).toBe(0);
    expect(recoveryMs(samples, START + 400 * MS, 45, 100)).toBe(Number.POSITIVE_INFINITY);
    // 20 ms of youth at the beginning of the freeze are none.
    expect(recoveryMs(samples, START + 190 * MS, 80, 100)).toBe(510);
  });
});
