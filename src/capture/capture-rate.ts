// What a source has captured: how many frames, how fast, and how long it takes from one to the next.

import type { Micros } from "../core/clock.ts";
import { Rate, RecentMedian } from "../core/statistics.ts";

export class CaptureCount {
  readonly rate = new Rate();
  readonly #intervals = new RecentMedian(32);
  #frames = 0;
  #lastCapturedAt: Micros | null = null;
  /** Since then. */
  #lostSince = 0;

  /** Frames that the source has delivered or lost. */
  get frames(): number {
    return this.#frames;
  }

  /** Median time between two of them; 0 before the second. */
  get intervalMicros(): number {
    return this.#intervals.value ?? 0;
  }

  /** A frame; its number, from 1 on. */
  add(capturedAt: Micros): number {
    if (this.#lastCapturedAt !== null) {
      this.#intervals.add((capturedAt - this.#lastCapturedAt) / (this.#lostSince + 1));
    }
    this.#lastCapturedAt = capturedAt;
    this.#lostSince = 0;
    return this.#addOne(capturedAt);
  }

  /** One that was lost; nobody knows when exactly it was captured. */
  addLost(now: Micros): number {
    this.#lostSince++;
    return this.#addOne(now);
  }

  /** The source is stopped: the time until the next frame says nothing. */
  interrupt(): void {
    this.#lastCapturedAt = null;
    this.#lostSince = 0;
  }

  #addOne(at: Micros): number {
    this.rate.add(at);
    return ++this.#frames;
  }
}
