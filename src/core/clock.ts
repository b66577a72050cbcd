// The clock of a process, in microseconds since the Unix epoch; it never runs backwards. And waiting.

import { onAbort } from "./on-abort.ts";

/** A point in time, in microseconds since 1970-01-01 UTC; an integer below 2^53. */
export type Micros = number;

/**
 * Returns the time in microseconds since the Unix epoch.
 *
 * `performance.now()` is monotonic and `timeOrigin` is the wall clock at its zero. So the sum never steps back within a thread, and
 * threads and processes of one machine agree to well under a millisecond. Machines differ as their clocks do;
 * `protocol/clock-offset.ts` estimates the difference.
 */
export function nowMicros(): Micros {
  return Math.round((performance.timeOrigin + performance.now()) * 1000);
}

/** Resolves after that many milliseconds, or at once when the signal aborts. Never rejects. */
export async function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, milliseconds);
  using _ = onAbort(signal, resolve);
  await promise;
  clearTimeout(timer);
}
