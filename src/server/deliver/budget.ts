// The budget of one viewer: the bytes a second that `--max-bitrate` allows, as a token bucket that one frame may overdraw.

import type { Micros } from "../../core/clock.ts";

/** How much may be saved up. More would let a burst through that the link behind the limit cannot carry. */
const SAVED_MICROS = 100_000;

export class Budget {
  readonly #bytesPerSecond: number;
  #bytes = 0;
  #at: Micros | null = null;

  constructor(bitsPerSecond: number) {
    this.#bytesPerSecond = bitsPerSecond / 8;
  }

  /** Whether the budget is not overdrawn. Then one frame may be sent, whatever its size. */
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
