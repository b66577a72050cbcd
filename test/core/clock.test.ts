// sleep: it ends by its time or by a signal, and leaves no listener behind.

import { expect, test } from "bun:test";
import { getEventListeners } from "node:events";
import { nowMicros, sleep } from "../../src/core/clock.ts";

test("sleep resolves after its time, not before", async () => {
  const startedAt = nowMicros();
  await sleep(20, new AbortController().signal);
  expect(nowMicros() - startedAt).toBeGreaterThan(18_000);
});

test("sleep resolves when the signal aborts, long before its time", async () => {
  const stop = new AbortController();
  const sleeping = sleep(1e9, stop.signal);
  stop.abort();
  await sleeping;
});

test("sleep resolves at once when the signal has aborted already", async () => {
  await sleep(1e9, AbortSignal.abort());
});

test("sleep leaves no listener on the signal", async () => {
  const { signal } = new AbortController();
  for (let call = 0; call < 5; call++) await sleep(0, signal);
  expect(getEventListeners(signal, "abort")).toEqual([]);
});
