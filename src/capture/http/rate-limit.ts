// Skips pictures of a camera that sends more than the requested rate.

import type { Micros } from "../../core/clock.ts";

/** The share of an interval by which a picture may come early, because cameras do not send at exact intervals. */
const EARLY = 0.25;

export class RateLimit {
  readonly #intervalMicros: number;
  #dueAt: Micros | null = null;

  /** With `framesPerSecond` null every picture is taken. */
  constructor(framesPerSecond: number | null) {
    this.#intervalMicros = framesPerSecond === null ? 0 : 1_000_000 / framesPerSecond;
  }

  /**
   * Returns whether to take a picture that came at this time. On average the rate of taken pictures is at most the requested
   * rate.
   */
  takes(at: Micros): boolean {
    const due = this.#dueAt ?? at;
    if (at < due - EARLY * this.#intervalMicros) return false;
    this.#dueAt = Math.max(due, at - this.#intervalMicros) + this.#intervalMicros;
    return true;
  }
}
