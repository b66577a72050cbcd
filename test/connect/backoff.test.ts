// The pause between attempts to connect: its bounds, its growth and its random part.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Backoff } from "../../src/connect/backoff.ts";

const random = fc.double({ min: 0, max: 0.999_999, noNaN: true });

/** The pauses of a viewer that never connects. */
function waits(count: number, luck: () => number): number[] {
  const backoff = new Backoff(luck);
  return Array.from({ length: count }, () => backoff.nextMs());
}

describe("Backoff", () => {
  test("Backoff: its ceiling doubles from 250 ms to 5 s and stays there", () => {
    expect(waits(8, () => 1)).toEqual([250, 500, 1000, 2000, 4000, 5000, 5000, 5000]);
    expect(waits(8, () => 0)).toEqual([125, 250, 500, 1000, 2000, 2500, 2500, 2500]);
  });

  test("Backoff: a pause is between half of its ceiling and the ceiling", () => {
    fc.assert(
      fc.property(fc.array(random, { minLength: 1, maxLength: 30 }), (lucks) => {
        const left = [...lucks];
        for (const [index, wait] of waits(lucks.length, () => left.shift() as number).entries()) {
          const ceiling = Math.min(5000, 250 * 2 ** index);
          expect(wait).toBeGreaterThanOrEqual(ceiling / 2);
          expect(wait).toBeLessThanOrEqual(ceiling);
          expect(wait).toBeCloseTo(ceiling * (0.5 + (lucks[index] as number) / 2), 6);
        }
      }),
    );
  });

  test("Backoff: its pauses are short again after a reset", () => {
    const backoff = new Backoff(() => 1);
    for (let i = 0; i < 10; i++) backoff.nextMs();
    backoff.reset();
    expect([backoff.nextMs(), backoff.nextMs()]).toEqual([250, 500]);
  });

  test("Backoff: its pauses stay within the bounds for any sequence of resets", () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 40 }), random, (resets, luck) => {
        const backoff = new Backoff(() => luck);
        for (const reset of resets) {
          if (reset) backoff.reset();
          const wait = backoff.nextMs();
          expect(wait).toBeGreaterThanOrEqual(125);
          expect(wait).toBeLessThanOrEqual(reset ? 250 : 5000);
        }
      }),
    );
  });

  test("Backoff: its pauses differ between viewers", () => {
    const many = Array.from({ length: 50 }, () => new Backoff().nextMs());
    expect(new Set(many).size).toBeGreaterThan(40);
    for (const wait of many) {
      expect(wait).toBeGreaterThanOrEqual(125);
      expect(wait).toBeLessThanOrEqual(250);
    }
  });
});
