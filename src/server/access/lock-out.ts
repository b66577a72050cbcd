// Locks an address out for some time after several wrong keys, and longer after each further one. An address is not locked out
// while a viewer from it is connected that has proven a key, and for some minutes after it has left.

import type { Micros } from "../../core/clock.ts";

/** The number of wrong keys after which the first pause begins. It is more than one, because people mistype. */
export const FIRST_PAUSE_AFTER = 5;
const FIRST_PAUSE_MICROS = 1e6;
const LONGEST_PAUSE_MICROS = 60e6;
/** The time after the last wrong key when an address is forgotten. */
const MEMORY_MICROS = 600e6;
/**
 * The time that an address stays good after its last good viewer has left, so that the viewer can come back after its line
 * dropped.
 */
const GOOD_AFTER_MICROS = 300e6;
/** The largest number of addresses that each memory holds. If there are more, the one with the oldest entry is forgotten. */
const MAX_ADDRESSES = 4096;

interface Failures {
  count: number;
  lastAt: Micros;
  /** The end of the pause. */
  until: Micros;
}

/** Remembers wrong keys by address. The addresses in its methods are those that `addressGroup` returns. */
export class LockOut {
  readonly #failures = new Map<string, Failures>();
  /** For each address, the number of connected viewers that have proven a key. */
  readonly #good = new Map<string, number>();
  /** For each address whose last good viewer has left, the time until which it stays good. The oldest come first. */
  readonly #goodUntil = new Map<string, Micros>();

  /** The number of addresses whose failures are remembered. */
  get size(): number {
    return this.#failures.size;
  }

  /** The number of addresses that stay good after their last good viewer has left. */
  get goodSize(): number {
    return this.#goodUntil.size;
  }

  /** Returns for how many seconds the address is still locked out, or 0 if it is not. */
  secondsLeft(address: string, now: Micros): number {
    const failures = this.#failures.get(address);
    if (failures === undefined || this.#isGood(address, now)) return 0;
    return Math.max(0, Math.ceil((failures.until - now) / 1e6));
  }

  /** Notes a wrong key. It does not count while the address is good. */
  failed(address: string, now: Micros): void {
    if (this.#isGood(address, now)) return;
    const known = this.#failures.get(address);
    const count = 1 + (known !== undefined && now - known.lastAt < MEMORY_MICROS ? known.count : 0);
    const excess = count - FIRST_PAUSE_AFTER;
    const pause = excess < 0 ? 0 : Math.min(LONGEST_PAUSE_MICROS, FIRST_PAUSE_MICROS * 2 ** excess);
    this.#failures.delete(address); // so that it becomes the last one in the order
    this.#failures.set(address, { count, lastAt: now, until: now + pause });
    forgetOldest(this.#failures);
  }

  /** Notes that a viewer from the address has proven a key. The caller calls `left` when the viewer leaves. */
  proven(address: string): void {
    this.#failures.delete(address);
    this.#good.set(address, (this.#good.get(address) ?? 0) + 1);
  }

  left(address: string, now: Micros): void {
    const count = (this.#good.get(address) ?? 0) - 1;
    if (count > 0) {
      this.#good.set(address, count);
      return;
    }
    this.#good.delete(address);
    this.#goodUntil.delete(address); // so that it becomes the last one in the order
    this.#goodUntil.set(address, now + GOOD_AFTER_MICROS);
    forgetOldest(this.#goodUntil);
  }

  #isGood(address: string, now: Micros): boolean {
    return this.#good.has(address) || now < (this.#goodUntil.get(address) ?? now);
  }

  /** Forgets old failures and good addresses. Call it at least once a second. */
  tick(now: Micros): void {
    for (const [address, { lastAt }] of this.#failures) {
      if (now - lastAt < MEMORY_MICROS) break; // the oldest come first, so the others are newer
      this.#failures.delete(address);
    }
    for (const [address, until] of this.#goodUntil) {
      if (now < until) break;
      this.#goodUntil.delete(address);
    }
  }
}

function forgetOldest(addresses: Map<string, unknown>): void {
  const [first] = addresses.keys();
  if (addresses.size > MAX_ADDRESSES && first !== undefined) addresses.delete(first);
}
