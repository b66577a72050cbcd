// The time that waking a codec thread takes, as measured while the program runs, and the number of threads that are worth it.

import { UsualTime } from "./usual-time.ts";

/** The estimate before the first measurement. */
const FIRST_MICROS = 150;
const LEAST_MICROS = 40;
const MOST_MICROS = 300;
/**
 * Another thread is woken only if its work takes at least this many times as long as waking it. Then the frame is finished sooner,
 * and the wakings take a small part of the processor time.
 */
const WORTH = 6;

export class WakingTime {
  readonly #time = new UsualTime(FIRST_MICROS);

  /** The time for posting a job to a thread and receiving its result, without the job itself. */
  get micros(): number {
    return Math.min(MOST_MICROS, Math.max(LEAST_MICROS, this.#time.micros));
  }

  /** Records the time from posting a job to its result, minus the time of the job itself. */
  record(micros: number): void {
    this.#time.record(micros);
  }

  /** Returns among how many threads the work should be divided. The thread that has the data counts, if it takes part. */
  workersFor(workMicros: number, most: number): number {
    return Math.max(1, Math.min(most, Math.ceil(workMicros / (WORTH * this.micros))));
  }
}
