// FloodGarbage: when the program collects the garbage of a flood.

import { expect, test } from "bun:test";
import { FloodGarbage } from "../../src/cli/flood-garbage.ts";

/** A collector whose clock the test moves. `probeMicros` is the time that a timer of the collector takes. */
function collector({ probeMicros = 20_000 } = {}) {
  let now = 1e9;
  let calls = 0;
  let isProbe = false;
  const clock = () => {
    // The clock is read once for each check, and again when the timer has run out.
    if (isProbe) now += probeMicros;
    isProbe = true;
    return now;
  };
  const floods = new FloodGarbage({ now: clock, collect: () => calls++ });
  return {
    async at(seconds: number, connects: number): Promise<number> {
      now = 1e9 + seconds * 1e6;
      isProbe = false;
      await floods.check({ connects, requests: 0 });
      return calls;
    },
  };
}

test("FloodGarbage: a flood that is over for two seconds is collected once", async () => {
  const { at } = collector();
  expect(await at(0, 300)).toBe(0);
  expect(await at(1, 600)).toBe(0);
  expect(await at(2.9, 600)).toBe(0);
  expect(await at(3, 600)).toBe(1);
  expect(await at(60, 600)).toBe(1);
});

test("FloodGarbage: a flood that goes on, and a few refusals, are not collected", async () => {
  const { at } = collector();
  for (let second = 0; second < 60; second++) expect(await at(second, 1000 * second)).toBe(0);
  const few = collector();
  for (let second = 0; second < 60; second++) expect(await few.at(second, 499)).toBe(0);
});

test("FloodGarbage: floods that follow each other are collected at most every ten seconds", async () => {
  const { at } = collector();
  let calls = 0;
  for (let second = 0; second < 100; second++) calls = await at(second, 1000 * Math.floor(second / 4));
  expect(calls).toBeGreaterThanOrEqual(7);
  expect(calls).toBeLessThanOrEqual(10);
});

test("FloodGarbage: nothing is collected while timers are late", async () => {
  const { at } = collector({ probeMicros: 200_000 });
  await at(0, 1000);
  for (let second = 2; second < 10; second++) expect(await at(second, 1000)).toBe(0);
});
