// The clock of a process, in microseconds since the Unix epoch, and a function that waits. The clock never runs backwards.

import { onAbort } from "./on-abort.ts";

/** A point in time, in microseconds since 1970-01-01 UTC; an integer below 2^53. */
export type Micros = number;

/**
 * Returns the time in microseconds since the Unix epoch.
 *
 * `performance.now()` is monotonic and `timeOrigin` is the wall clock at its zero. So the sum never steps back within a thread.
 * Threads and processes of one machine agree to well under a millisecond. The clocks of two machines may differ:
 * `protocol/clock-offset.ts` estimates the difference.
 */
export function nowMicros(): Micros {
  return Math.round((performance.timeOrigin + performance.now()) * 1000);
}

/** Waits `milliseconds`, or until the signal aborts. The promise never rejects. */
export async function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, milliseconds);
  using _ = onAbort(signal, resolve);
  await promise;
  clearTimeout(timer);
}
