// How long to wait before the next try to connect: longer each time, and never the same for all viewers at once.

const FIRST_MS = 250;
const LONGEST_MS = 5_000;

/** Exponential back-off with jitter, so that a server that comes back is not met by all its viewers in one instant. */
export class Backoff {
  readonly #random: () => number;
  #ceilingMs = FIRST_MS;

  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /** The next wait: between half of a ceiling that doubles each time, up to 5 s, and the whole of it. */
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
