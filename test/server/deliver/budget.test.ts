// The budget of bytes: over any time it allows at most its rate, its savings, and one frame.

import { expect, test } from "bun:test";
import fc from "fast-check";
import { Budget } from "../../../src/server/deliver/budget.ts";

test("Budget: one frame of any size may overdraw it, and the next frame waits until the debt is paid", () => {
  const budget = new Budget(8_000_000); // one byte each microsecond
  expect(budget.allows(1_000)).toBe(true);
  budget.spend(500_000);
  expect(budget.allows(1_000)).toBe(false);
  expect(budget.allows(500_999)).toBe(false);
  expect(budget.allows(501_000)).toBe(true);
});

test("Budget: saves at most the bytes of 100 ms", () => {
  const budget = new Budget(8_000_000);
  budget.allows(0);
  budget.allows(3_600_000_000);
  budget.spend(100_000);
  expect(budget.allows(3_600_000_000)).toBe(true);
  budget.spend(1);
  expect(budget.allows(3_600_000_000)).toBe(false);
});

test("Budget: allows at most its rate, its savings, and one frame", () => {
  const frame = fc.record({ after: fc.integer({ min: 0, max: 200_000 }), bytes: fc.integer({ min: 0, max: 50_000 }) });
  fc.assert(
    fc.property(fc.integer({ min: 80_000, max: 80_000_000 }), fc.array(frame, { maxLength: 60 }), (rate, frames) => {
      const budget = new Budget(rate);
      const bytesPerMicro = rate / 8e6;
      let now = 0;
      let [spent, largest] = [0, 0];
      for (const { after, bytes } of frames) {
        now += after;
        if (!budget.allows(now)) {
          expect(spent).toBeGreaterThan(0);
          continue;
        }
        budget.spend(bytes);
        spent += bytes;
        largest = Math.max(largest, bytes);
        expect(spent).toBeLessThanOrEqual((now + 100_000) * bytesPerMicro + largest + 1);
      }
      expect(budget.allows(now + largest / bytesPerMicro + 1)).toBe(true);
    }),
  );
});
