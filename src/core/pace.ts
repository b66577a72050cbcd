// Repeats a step at a fixed rate, without drift.

import { nowMicros, sleep } from "./clock.ts";

/**
 * Calls `step` `perSecond` times a second, one call at a time, until the signal aborts. `step` gets the seconds since the start.
 * When a step takes too long, the calls that it delayed are skipped, because their frames would be old. With `perSecond` 0 there
 * is no pause between the calls.
 */
export async function pace(
  perSecond: number,
  signal: AbortSignal,
  step: (seconds: number) => Promise<void>,
): Promise<void> {
  const startedAt = nowMicros();
  const interval = perSecond > 0 ? 1e6 / perSecond : 0;
  let beat = 0;
  while (!signal.aborted) {
    const now = nowMicros() - startedAt;
    const due = beat * interval;
    if (now < due) {
      await sleep((due - now) / 1000, signal);
      continue;
    }
    await step(now / 1e6);
    beat = interval > 0 ? Math.max(beat + 1, Math.floor((nowMicros() - startedAt) / interval)) : beat + 1;
    if (interval === 0) await sleep(0, signal); // This lets the event loop handle sockets and signals.
  }
}
