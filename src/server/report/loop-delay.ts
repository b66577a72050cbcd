// Measures how late the event loop of the main thread is. A late loop makes the pictures of all cameras late.
//
// The server's own timer is measured, which needs no further wake-ups. `monitorEventLoopDelay` of node:perf_hooks wakes up 100 times
// a second, and has percentiles, which Prometheus cannot add up, instead of buckets.

import type { Micros } from "../../core/clock.ts";
import { DurationsInBuckets } from "./durations-in-buckets.ts";

export class LoopDelay {
  readonly delays = new DurationsInBuckets();
  readonly #intervalMicros: Micros;
  #tickedAt: Micros | null = null;

  constructor(intervalMs: number) {
    this.#intervalMicros = intervalMs * 1000;
  }

  /** Records the delay of a tick of the timer. */
  tick(now: Micros): void {
    if (this.#tickedAt !== null) this.delays.record(now - this.#tickedAt - this.#intervalMicros);
    this.#tickedAt = now;
  }
}
