// The usual time of work that is done again and again, as measured while the program runs.
//
// The operating system interrupts a thread at any time, and then its work seems to take many times as long. So the estimate is not a
// mean. It rises slowly and falls fast, and so it stays near the fastest sixth of the measurements.

const RISE = 1.03;
const FALL = 0.86;

export class UsualTime {
  #micros: number;

  /** `micros` is the estimate before the first measurement. If it is infinite, the first measurement becomes the estimate. */
  constructor(micros: number) {
    this.#micros = micros;
  }

  get micros(): number {
    return this.#micros;
  }

  record(micros: number): void {
    if (this.#micros === Number.POSITIVE_INFINITY || Math.abs(micros / this.#micros - 1) < RISE - 1)
      this.#micros = micros;
    else if (micros > this.#micros) this.#micros *= RISE;
    else this.#micros = Math.max(micros, this.#micros * FALL);
  }
}
