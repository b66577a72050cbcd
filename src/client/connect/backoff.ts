// How long to wait before the next try to connect: longer each time, and a different time for each viewer.

const FIRST_MS = 250;
const LONGEST_MS = 5_000;

/** Exponential back-off with jitter, so that not all viewers connect in the same moment when a server comes back. */
export class Backoff {
  readonly #random: () => number;
  #ceilingMs = FIRST_MS;

  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /** The next wait: a random time between half of a ceiling and the ceiling, which doubles each time up to 5 s. */
  nextMs(): number {
    const waitMs = this.#ceilingMs * (0.5 + this.#random() / 2);
    this.#ceilingMs = Math.min(LONGEST_MS, this.#ceilingMs * 2);
    return waitMs;
  }

  /** A connection worked: the next wait is short again. */
  reset(): void {
    this.#ceilingMs = FIRST_MS;
  }
}
