// The byte budget of one viewer. It enforces `--max-bitrate`, or the viewer's share of `--max-total-bitrate`. It is a token
// bucket whose balance one frame may make negative.

import type { Micros } from "../../core/clock.ts";

/** The size of the bucket, as time at the allowed rate. A larger bucket would allow bursts that are too large for the link. */
const SAVED_MICROS = 100_000;

export class Budget {
  #bytesPerSecond: number;
  #bytes = 0;
  #at: Micros | null = null;

  constructor(bitsPerSecond: number) {
    this.#bytesPerSecond = bitsPerSecond / 8;
  }

  /** Changes the rate from now on. */
  setRate(bitsPerSecond: number, now: Micros): void {
    this.allows(now);
    this.#bytesPerSecond = bitsPerSecond / 8;
  }

  /** Returns whether a frame of any size may be sent. It may be sent while the balance is not negative. */
  allows(now: Micros): boolean {
    const earned = ((now - (this.#at ?? now)) * this.#bytesPerSecond) / 1e6;
    this.#bytes = Math.min(this.#bytes + earned, (SAVED_MICROS * this.#bytesPerSecond) / 1e6);
    this.#at = now;
    return this.#bytes >= 0;
  }

  /** Takes the bytes of a sent message from the budget. */
  spend(bytes: number): void {
    this.#bytes -= bytes;
  }
}
