// A token bucket: it bounds how often something may happen, and allows short bursts.

import type { Micros } from "./clock.ts";

export interface BucketRate {
  /** The number of events that are allowed each second on average. */
  perSecond: number;
  /** The number of events that are allowed at once. */
  burst: number;
}

/** Holds up to `burst` tokens, all of them at first, and gains `perSecond` tokens a second. */
export class TokenBucket {
  readonly #rate: BucketRate;
  #tokens: number;
  #filledAt: Micros;

  constructor(rate: BucketRate, now: Micros) {
    this.#rate = rate;
    this.#tokens = rate.burst;
    this.#filledAt = now;
  }

  /** Takes one token and returns true, or returns false when the bucket has none. */
  take(now: Micros): boolean {
    this.#fill(now);
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  /** Takes `count` tokens. If the bucket has fewer, it owes the rest, but never more than `burst`. */
  charge(count: number, now: Micros): void {
    this.#fill(now);
    this.#tokens = Math.max(-this.#rate.burst, this.#tokens - count);
  }

  /** Whether `take` would return false. */
  isEmpty(now: Micros): boolean {
    this.#fill(now);
    return this.#tokens < 1;
  }

  isFull(now: Micros): boolean {
    this.#fill(now);
    return this.#tokens >= this.#rate.burst;
  }

  #fill(now: Micros): void {
    const { perSecond, burst } = this.#rate;
    const gained = (Math.max(0, now - this.#filledAt) / 1e6) * perSecond; // a clock that was set back adds no tokens
    this.#tokens = Math.min(burst, this.#tokens + gained);
    this.#filledAt = now;
  }
}
