// Repeats a step at a fixed rate, without drift.

import { nowMicros, sleep } from "./clock.ts";

/**
 * Calls `step` `perSecond` times a second until the signal aborts, one call at a time, with the seconds since the start. When a step
 * takes too long, the beats that it missed are left out, since late frames would be old. `perSecond` 0 means without pause.
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
    if (interval === 0) await sleep(0, signal); // lets sockets and signals be handled
  }
}
