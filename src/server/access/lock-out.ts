// Keeps an address out for a while after several wrong keys, and longer after each further one. An address with a viewer that has proven a
// key is never kept out.

import type { Micros } from "../../core/clock.ts";

/** The wrong key after which the first pause begins. A person mistypes. */
const FIRST_PAUSE_AFTER = 5;
const FIRST_PAUSE_MICROS = 1e6;
const LONGEST_PAUSE_MICROS = 60e6;
/** After this time without a wrong key an address is forgotten. */
const MEMORY_MICROS = 600e6;
/** Beyond it the address that failed first is forgotten. */
const MAX_ADDRESSES = 4096;

interface Failures {
  count: number;
  lastAt: Micros;
  /** The end of the pause. */
  until: Micros;
}

/** Addresses are given as `addressGroup` returns them. */
export class LockOut {
  readonly #failures = new Map<string, Failures>();
  /** The numbers of present viewers that have proven a key. */
  readonly #good = new Map<string, number>();

  /** The number of addresses whose failures are remembered. */
  get size(): number {
    return this.#failures.size;
  }

  /** Returns for how many seconds the address is still kept out: 0 if it is not. */
  secondsLeft(address: string, now: Micros): number {
    const failures = this.#failures.get(address);
    if (failures === undefined || this.#good.has(address)) return 0;
    return Math.max(0, Math.ceil((failures.until - now) / 1e6));
  }

  failed(address: string, now: Micros): void {
    const known = this.#failures.get(address);
    const count = 1 + (known !== undefined && now - known.lastAt < MEMORY_MICROS ? known.count : 0);
    const excess = count - FIRST_PAUSE_AFTER;
    const pause = excess < 0 ? 0 : Math.min(LONGEST_PAUSE_MICROS, FIRST_PAUSE_MICROS * 2 ** excess);
    this.#failures.delete(address); // sets it behind all others
    this.#failures.set(address, { count, lastAt: now, until: now + pause });
    const [first] = this.#failures.keys();
    if (this.#failures.size > MAX_ADDRESSES && first !== undefined) this.#failures.delete(first);
  }

  /** A viewer from the address has proven a key. Call `left` when it leaves. */
  proven(address: string): void {
    this.#failures.delete(address);
    this.#good.set(address, (this.#good.get(address) ?? 0) + 1);
  }

  left(address: string): void {
    const count = (this.#good.get(address) ?? 0) - 1;
    if (count > 0) this.#good.set(address, count);
    else this.#good.delete(address);
  }

  /** Forgets old failures. Call it at least once a second. */
  tick(now: Micros): void {
    for (const [address, { lastAt }] of this.#failures) {
      if (now - lastAt < MEMORY_MICROS) return; // The oldest are first.
      this.#failures.delete(address);
    }
  }
}
