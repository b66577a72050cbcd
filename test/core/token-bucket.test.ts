// TokenBucket: bursts, the long-term rate, and a clock that is set back.

import { expect, test } from "bun:test";
import fc from "fast-check";
import { TokenBucket } from "../../src/core/token-bucket.ts";

test("TokenBucket: lets a burst pass, then as many a second as its rate", () => {
  const bucket = new TokenBucket({ perSecond: 10, burst: 3 }, 0);
  const taken = (now: number, tries: number) =>
    Array.from({ length: tries }, () => bucket.take(now)).filter(Boolean).length;
  expect(taken(0, 9)).toBe(3);
  expect(taken(99_000, 9)).toBe(0);
  expect(taken(100_000, 9)).toBe(1);
  expect(taken(1e9, 9)).toBe(3); // never more than the burst
});

test("TokenBucket: never lets more pass than the burst and the rate allow, whatever the times of the requests", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 200_000 }), { maxLength: 200 }), (pauses) => {
      const bucket = new TokenBucket({ perSecond: 20, burst: 5 }, 0);
      let now = 0;
      let passed = 0;
      for (const pause of pauses) {
        now += pause;
        if (bucket.take(now)) passed++;
        expect(passed).toBeLessThanOrEqual(5 + (now / 1e6) * 20 + 1e-9);
      }
    }),
  );
});

test("TokenBucket: a clock that is set back gives no tokens", () => {
  const bucket = new TokenBucket({ perSecond: 1, burst: 1 }, 5e6);
  expect(bucket.take(5e6)).toBe(true);
  expect(bucket.take(0)).toBe(false);
  expect(bucket.isFull(1e6)).toBe(true);
});

test("TokenBucket: owes what is charged beyond its tokens, but never more than one burst", () => {
  const bucket = new TokenBucket({ perSecond: 10, burst: 5 }, 0);
  bucket.charge(7, 0); // owes 2
  expect(bucket.take(200_000)).toBe(false);
  expect(bucket.take(300_000)).toBe(true);
  bucket.charge(1_000_000, 300_000); // owes 5
  expect(bucket.take(899_000)).toBe(false);
  expect(bucket.take(900_000)).toBe(true);
});
