// Counts the frames that a source captures, and measures their rate and the interval between them.

import type { Micros } from "../core/clock.ts";
import { Rate, RecentMedian } from "../core/statistics.ts";

export class CaptureRate {
  readonly rate = new Rate();
  readonly #intervals = new RecentMedian(32);
  #frames = 0;
  #lastCapturedAt: Micros | null = null;
  #lostSinceLast = 0;

  /** The number of frames that the source has delivered or lost. */
  get frames(): number {
    return this.#frames;
  }

  /** The median interval between frames, or 0 before the second frame. */
  get intervalMicros(): number {
    return this.#intervals.value ?? 0;
  }

  /** Counts a delivered frame and returns its number. The first number is 1. */
  add(capturedAt: Micros): number {
    if (this.#lastCapturedAt !== null) {
      this.#intervals.add((capturedAt - this.#lastCapturedAt) / (this.#lostSinceLast + 1));
    }
    this.#lastCapturedAt = capturedAt;
    this.#lostSinceLast = 0;
    return this.#addOne(capturedAt);
  }

  /** Counts a lost frame and returns its number. Its capture time is not known, so `now` stands for it. */
  addLost(now: Micros): number {
    this.#lostSinceLast++;
    return this.#addOne(now);
  }

  /**
   * Ends the measurement of the current interval. The caller does this when it stops the source, because a pause is not an
   * interval.
   */
  interrupt(): void {
    this.#lastCapturedAt = null;
    this.#lostSinceLast = 0;
  }

  #addOne(at: Micros): number {
    this.rate.add(at);
    return ++this.#frames;
  }
}
