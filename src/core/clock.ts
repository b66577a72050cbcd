// The clock of a process, in microseconds since the Unix epoch, and a function that waits. The clock never runs backwards.

import { onAbort } from "./on-abort.ts";

/** A point in time, in microseconds since 1970-01-01 UTC; an integer below 2^53. */
export type Micros = number;

/**
 * Returns the time in microseconds since the Unix epoch.
 *
 * `performance.now()` is monotonic and `timeOrigin` is the wall clock at its zero. So the sum never steps back within a thread,
 * and a wall clock that is set later (NTP, `date -s`) does not change it. But a thread that starts after the wall clock was set
 * has another `timeOrigin` than the main thread. Therefore times of different threads are never compared directly: see
 * `SenderClock`. The clocks of two processes may differ, and `protocol/clock-offset.ts` estimates the difference.
 */
export function nowMicros(): Micros {
  return Math.round((TIME_ORIGIN + performance.now()) * 1000);
}

/** It never changes in a thread, and reading it takes as long as reading the clock. */
const TIME_ORIGIN = performance.timeOrigin;

/**
 * Returns how many milliseconds the wall clock (`Date`) is ahead of `nowMicros`. It changes when the wall clock is set, and `Date` has
 * whole milliseconds. So all times of one report are converted by one result: `at / 1000 + aheadMs`.
 */
export function wallAheadMs(): number {
  return Date.now() - nowMicros() / 1000;
}

/**
 * Estimates the clock of another thread from the messages that this thread sends. The estimate is late by the delay of the
 * fastest message.
 */
export class SenderClock {
  #ownAheadMicros = Number.POSITIVE_INFINITY;

  /** Takes the time at which a message was sent, by the sender's clock. Call it for each message as soon as it arrives. */
  hear(sentAt: Micros): void {
    this.#ownAheadMicros = Math.min(this.#ownAheadMicros, nowMicros() - sentAt);
  }

  /** Returns the time by the sender's clock. Call it only after `hear`. */
  now(): Micros {
    return nowMicros() - this.#ownAheadMicros;
  }
}

/** Waits `milliseconds`, or until the signal aborts. The promise never rejects. */
export async function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, milliseconds);
  using _ = onAbort(signal, resolve);
  await promise;
  clearTimeout(timer);
}

/** Resolves with true when `promise` has settled, or with false after that time. The returned promise never rejects. */
export async function settlesWithin(promise: Promise<unknown>, milliseconds: number): Promise<boolean> {
  const over = new AbortController();
  const settled = promise.then(
    () => true,
    () => true,
  );
  const isSettled = await Promise.race([settled, sleep(milliseconds, over.signal).then(() => false)]);
  over.abort();
  return isSettled;
}
