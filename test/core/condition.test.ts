// Condition: waiting that events end, not time.

import { expect, test } from "bun:test";
import { Condition } from "../../src/core/condition.ts";

const never = new AbortController().signal;

test("Condition: resolves at once when it is met already", async () => {
  expect(await new Condition(() => true).wait(never)).toBe(true);
});

test("Condition: wakes all that wait with the first check after it is met", async () => {
  let isMet = false;
  const condition = new Condition(() => isMet);
  const woken: string[] = [];
  const waits = ["a", "b"].map((name) => condition.wait(never).then(() => woken.push(name)));
  condition.check();
  await Bun.sleep(0);
  expect(woken).toEqual([]);
  isMet = true;
  condition.check();
  await Promise.all(waits);
  expect(woken).toEqual(["a", "b"]);
});

test("Condition: resolves with false when the signal aborts first", async () => {
  const condition = new Condition(() => false);
  const giveUp = new AbortController();
  const waiting = condition.wait(giveUp.signal);
  giveUp.abort();
  expect(await waiting).toBe(false);
  expect(await condition.wait(AbortSignal.abort())).toBe(false);
});

test("Condition: is not asked while nothing waits", () => {
  let asked = 0;
  const condition = new Condition(() => ++asked > 0);
  condition.check();
  expect(asked).toBe(0);
});
