// Logs refused connections. The first refusal of an address is logged at once. Further refusals are counted, and every 10 s one
// line has their number.

import type { Micros } from "../../core/clock.ts";
import type { Log } from "../../core/log.ts";

const PERIOD_MICROS = 10_000_000;
/** The largest number of addresses that are counted separately. Refusals of further addresses are counted together. */
const MAX_ADDRESSES = 256;

interface Period {
  startedAt: Micros;
  /** The number of refusals after the first line. */
  more: number;
}

export class RefusalLog {
  readonly #log: Log;
  readonly #periods = new Map<string, Period>();

  constructor(log: Log) {
    this.#log = log;
  }

  /**
   * Logs or counts a refusal. `address` is the address of the other end with its port. `group` is its group (address-group.ts).
   */
  refused(group: string, address: string, reason: string, now: Micros): void {
    const key = this.#periods.has(group) || this.#periods.size < MAX_ADDRESSES ? group : "other addresses";
    const period = this.#periods.get(key);
    if (period === undefined) {
      this.#periods.set(key, { startedAt: now, more: 0 });
      this.#log.info(`connection from ${address} refused: ${reason}`);
    } else {
      period.more++;
    }
  }

  /** Logs the counts of the periods that are over. Call it at least once a second. */
  tick(now: Micros): void {
    for (const [key, { startedAt, more }] of this.#periods) {
      if (now - startedAt < PERIOD_MICROS) continue;
      this.#periods.delete(key);
      if (more === 0) continue;
      this.#log.info(`${more} more connections from ${key} were refused within ${PERIOD_MICROS / 1e6} s`);
      this.#periods.set(key, { startedAt: now, more: 0 }); // as long as the flood goes on, each period has one line
    }
  }
}
