// A token bucket: it bounds how often something may happen, and allows short bursts.

import type { Micros } from "./clock.ts";

export interface BucketRate {
  /** How often it may happen in the long run. */
  perSecond: number;
  /** How often it may happen at once. */
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

  /** Takes one token. Returns false, and takes nothing, when there is none. */
  take(now: Micros): boolean {
    this.#fill(now);
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  /** Takes up to `count` tokens, as far as there are any. */
  drain(count: number, now: Micros): void {
    this.#fill(now);
    this.#tokens = Math.max(0, this.#tokens - count);
  }

  isFull(now: Micros): boolean {
    this.#fill(now);
    return this.#tokens >= this.#rate.burst;
  }

  #fill(now: Micros): void {
    const { perSecond, burst } = this.#rate;
    const gained = (Math.max(0, now - this.#filledAt) / 1e6) * perSecond; // a clock that is set back gives nothing
    this.#tokens = Math.min(burst, this.#tokens + gained);
    this.#filledAt = now;
  }
}
