// A budget of bytes a second: what `--max-bitrate` allows one viewer (a token bucket that may be overdrawn by one frame).

import type { Micros } from "../../core/clock.ts";

/** What may be saved up: more would let a burst through that the link behind the limit has no room for. */
const SAVED_MICROS = 100_000;

export class Budget {
  readonly #bytesPerSecond: number;
  #bytes = 0;
  #at: Micros | null = null;

  constructor(bitsPerSecond: number) {
    this.#bytesPerSecond = bitsPerSecond / 8;
  }

  /** Whether there is anything left; then one frame may be sent, whatever its size. */
  allows(now: Micros): boolean {
    const earned = ((now - (this.#at ?? now)) * this.#bytesPerSecond) / 1e6;
    this.#bytes = Math.min(this.#bytes + earned, (SAVED_MICROS * this.#bytesPerSecond) / 1e6);
    this.#at = now;
    return this.#bytes >= 0;
  }

  spend(bytes: number): void {
    this.#bytes -= bytes;
  }
}
