// Leaves out pictures of a camera that sends more of them than are asked for.

import type { Micros } from "../../core/clock.ts";

/** A picture may come this part of an interval early: cameras do not send evenly. */
const EARLY = 0.25;

export class RateLimit {
  readonly #intervalMicros: number;
  #dueAt: Micros | null = null;

  /** `framesPerSecond` null: every picture is taken. */
  constructor(framesPerSecond: number | null) {
    this.#intervalMicros = framesPerSecond === null ? 0 : 1_000_000 / framesPerSecond;
  }

  /** Whether a picture that came at this time is taken. On average no more are taken than were asked for. */
  takes(at: Micros): boolean {
    const due = this.#dueAt ?? at;
    if (at < due - EARLY * this.#intervalMicros) return false;
    this.#dueAt = Math.max(due, at - this.#intervalMicros) + this.#intervalMicros;
    return true;
  }
}
