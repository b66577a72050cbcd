// Measures how late the event loop of this thread is. While it is late, pictures, acknowledgements and keys wait.
//
// `monitorEventLoopDelay` of node:perf_hooks is not used: a page does not have it, and in Bun all its users in a process share one
// histogram, so a program that uses this library could switch it off.

import { type Micros, nowMicros } from "./clock.ts";
import { Durations } from "./statistics.ts";

/** The usual time between two samples. Each wakes the thread up, which takes about 40 µs of processor time. */
const SAMPLE_MS = 100;

/** Records the delays of a timer of its own until it is disposed of. */
export class LoopDelay implements Disposable {
  readonly delays = new Durations();
  readonly #also: Pick<Durations, "record"> | null;
  readonly #intervalMicros: Micros;
  readonly #timer: ReturnType<typeof setInterval>;
  #tickedAt: Micros | null = null;

  /** `also` records the same delays. */
  constructor(also: Pick<Durations, "record"> | null = null, intervalMs: number = SAMPLE_MS) {
    this.#also = also;
    this.#intervalMicros = intervalMs * 1000;
    this.#timer = setInterval(() => this.tick(nowMicros()), intervalMs);
  }

  /** Records the delay of the timer, which has come at `now`. Only the timer and tests call this. */
  tick(now: Micros): void {
    if (this.#tickedAt !== null) {
      const delay = now - this.#tickedAt - this.#intervalMicros;
      this.delays.record(delay);
      this.#also?.record(delay);
    }
    this.#tickedAt = now;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
