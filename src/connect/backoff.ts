// Computes the pause before the next try to connect. It grows with each try and is different for each viewer.

const FIRST_MS = 250;
const LONGEST_MS = 5_000;

/** Exponential back-off with jitter. The jitter prevents all viewers from connecting at the same moment when a server is back. */
export class Backoff {
  readonly #random: () => number;
  #ceilingMs = FIRST_MS;

  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /** Returns the next pause: a random time between half of a limit and the limit. The limit doubles each time, up to 5 s. */
  nextMs(): number {
    const waitMs = this.#ceilingMs * (0.5 + this.#random() / 2);
    this.#ceilingMs = Math.min(LONGEST_MS, this.#ceilingMs * 2);
    return waitMs;
  }

  /** Makes the next pause short again, after a connection worked. */
  reset(): void {
    this.#ceilingMs = FIRST_MS;
  }
}
