// Condition: waiting until an event makes a condition true.

import { expect, test } from "bun:test";
import { Condition } from "../../src/core/condition.ts";

const never = new AbortController().signal;

test("Condition: resolves at once when the condition is already true", async () => {
  expect(await new Condition(() => true).wait(never)).toBe(true);
});

test("Condition: the first check after the condition became true wakes all that wait", async () => {
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

test("Condition: evaluates nothing while nothing waits", () => {
  let asked = 0;
  const condition = new Condition(() => ++asked > 0);
  condition.check();
  expect(asked).toBe(0);
});
