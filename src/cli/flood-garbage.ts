// Frees the memory that a flood of connections has left behind.
//
// The engine collects garbage when it needs memory. After a flood it needs none, so the process keeps what thousands of connections
// have used, until the next flood. A collection stops the process for about 12 ms, so it is made once, when the flood is over, and
// not while the machine is so busy that pictures are late already. A program that uses the library has a heap of its own, for which
// this could take much longer, so only the program `serve` does it.

import { type Micros, nowMicros } from "../core/clock.ts";

/** This many refused or ended connections and requests are a flood. */
const FLOOD = 500;
/** A flood is over when none was refused for this time. */
const QUIET_MICROS = 2_000_000;
/** The least time between two collections. */
const PAUSE_MICROS = 10_000_000;
/** A call of `check` that is later than this says that the machine is busy. */
const LATE_MICROS = 10_000;

export interface FloodGarbageOptions {
  /** The time between two calls of `check`. */
  intervalMs: number;
  now?: () => Micros;
  collect?: () => void;
}

export class FloodGarbage {
  readonly #intervalMicros: Micros;
  readonly #now: () => Micros;
  readonly #collect: () => void;
  #refused = 0;
  /** The number of refusals since the last collection. */
  #left = 0;
  #refusedAt: Micros;
  #checkedAt: Micros;
  #collectedAt = Number.NEGATIVE_INFINITY;

  constructor({ intervalMs, now = nowMicros, collect = () => Bun.gc(true) }: FloodGarbageOptions) {
    this.#intervalMicros = intervalMs * 1000;
    this.#now = now;
    this.#collect = collect;
    this.#refusedAt = now();
    this.#checkedAt = this.#refusedAt;
  }

  /** Takes the numbers of refusals, by limit. A timer calls it about once a second. */
  check(refusedBy: Readonly<Record<string, number>>): void {
    const refused = Object.values(refusedBy).reduce((sum, count) => sum + count, 0);
    const now = this.#now();
    const isLate = now - this.#checkedAt > this.#intervalMicros + LATE_MICROS;
    this.#checkedAt = now;
    if (refused !== this.#refused) {
      this.#left += refused - this.#refused;
      this.#refused = refused;
      this.#refusedAt = now;
    }
    const isDue =
      this.#left >= FLOOD && now - this.#refusedAt >= QUIET_MICROS && now - this.#collectedAt >= PAUSE_MICROS;
    if (!isDue || isLate) return; // the next call tries again
    this.#left = 0;
    this.#collectedAt = now;
    this.#collect();
  }
}
