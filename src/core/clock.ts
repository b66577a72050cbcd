// The one clock of a process: microseconds since the Unix epoch, never running backwards; and waiting by it.

import { onAbort } from "./on-abort.ts";

/** A point in time, in microseconds since 1970-01-01 UTC; an integer below 2^53. */
export type Micros = number;

/**
 * Now, in microseconds since the Unix epoch.
 *
 * `performance.now()` is monotonic and `timeOrigin` is the wall clock at its zero, so the sum never steps back within a
 * thread and agrees between threads and processes of one machine to well under a millisecond. Between machines it is as
 * far off as their clocks are; `protocol/clock-offset.ts` estimates that.
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
