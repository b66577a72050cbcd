// FloodGarbage: when the program collects the garbage of a flood.

import { expect, test } from "bun:test";
import { FloodGarbage } from "../../src/cli/flood-garbage.ts";

/** A collector whose clock the test moves. It expects a call each second. */
function collector() {
  let now = 1e9;
  let calls = 0;
  const floods = new FloodGarbage({ intervalMs: 1000, now: () => now, collect: () => calls++ });
  return {
    at(seconds: number, connects: number): number {
      now = 1e9 + seconds * 1e6;
      floods.check({ connects, requests: 0 });
      return calls;
    },
  };
}

test("FloodGarbage: a flood that is over for two seconds is collected once", () => {
  const { at } = collector();
  expect(at(0, 300)).toBe(0);
  expect(at(1, 600)).toBe(0);
  expect(at(2.9, 600)).toBe(0);
  expect(at(3, 600)).toBe(1);
  expect(at(60, 600)).toBe(1);
});

test("FloodGarbage: a flood that goes on, and a few refusals, are not collected", () => {
  const { at } = collector();
  for (let second = 0; second < 60; second++) expect(at(second, 1000 * second)).toBe(0);
  const few = collector();
  for (let second = 0; second < 60; second++) expect(few.at(second, 499)).toBe(0);
});

test("FloodGarbage: floods that follow each other are collected at most every ten seconds", () => {
  const { at } = collector();
  let calls = 0;
  for (let second = 0; second < 100; second++) calls = at(second, 1000 * Math.floor(second / 4));
  expect(calls).toBeGreaterThanOrEqual(7);
  expect(calls).toBeLessThanOrEqual(10);
});

test("FloodGarbage: nothing is collected while timers are late", () => {
  const { at } = collector();
  at(0, 1000);
  for (let call = 1; call < 10; call++) expect(at(1.2 * call, 1000)).toBe(0);
  expect(at(11.8, 1000)).toBe(1);
});
