// Divides `--max-total-bitrate` among all viewers. Each address gets an equal share, and each viewer of an address an equal part
// of that share. The division is max-min fair: the others get the part that one viewer does not use, and a single viewer gets
// everything.

import type { Micros } from "../../core/clock.ts";
import type { Log } from "../../core/log.ts";
import { addressGroup } from "../access/address-group.ts";
import { Budget } from "./budget.ts";
import type { AdaptationLimits } from "./quality/adaptation.ts";

/** The time for which a viewer counts as one that wants more, after a picture had to wait because of the limit. */
const WANTS_MORE_MICROS = 1_000_000;
/** The time over which the rate of a viewer is measured. */
const PERIOD_MICROS = 1_000_000;
/** A viewer whose pictures did not have to wait gets this multiple of the rate that it used, because it may soon need more. */
const GROWTH = 1.25;
/** When pictures have to wait because of the limit, a line is logged, but only if none had to wait for this time before. */
const LOG_AGAIN_MICROS = 60_000_000;

export class SharedBitrate {
  /** Null means no limit. */
  readonly #bytesPerSecond: number | null;
  readonly #log: Log;
  /** The shares of the viewers to which pictures were sent, by address. */
  readonly #byAddress = new Map<string, Set<Share>>();
  #heldBackAt = Number.NEGATIVE_INFINITY;
  /** The number of pictures that had to wait because of the limit. */
  heldBack = 0;
  /** The bytes of all pictures that were sent. */
  sentBytes = 0;

  constructor(bitsPerSecond: number | null, log: Log) {
    this.#bytesPerSecond = bitsPerSecond === null ? null : bitsPerSecond / 8;
    this.#log = log;
  }

  /**
   * Returns the share of one viewer. It takes effect with the first picture for the viewer. The caller calls `close` when the
   * viewer leaves.
   */
  open(ip: string): Share {
    const address = addressGroup(ip);
    return new Share({
      isLimited: this.#bytesPerSecond !== null,
      onFirst: (share, now) => this.#add(address, share, now),
      onSent: (bytes) => {
        this.sentBytes += bytes;
      },
      onHeldBack: (now) => this.#noteHeldBack(now),
      onClosed: (share) => this.#remove(address, share),
    });
  }

  /** Divides the bit rate again, by the rates that viewers have used and wanted. Call it about ten times a second. */
  tick(now: Micros): void {
    const total = this.#bytesPerSecond;
    if (total === null || this.#byAddress.size === 0) return;
    const addresses = [...this.#byAddress.values()].map((set) => {
      const shares = [...set];
      const wishes = shares.map((share) => share.wishedBytesPerSecond(now));
      return { shares, wishes, wish: sum(wishes) };
    });
    const ofAddresses = fairShares(
      total,
      addresses.map(({ wish }) => wish),
    );
    let spare = total;
    const rates = new Map<Share, { fair: number; given: number }>();
    for (const [index, { shares, wishes }] of addresses.entries()) {
      const ofViewers = fairShares(ofAddresses[index] as number, wishes);
      for (const [at, share] of shares.entries()) {
        const fair = ofViewers[at] as number;
        const given = Math.min(fair, wishes[at] as number);
        spare -= given;
        rates.set(share, { fair, given });
      }
    }
    const spareOfEach = Math.max(0, spare) / rates.size;
    for (const [share, { fair, given }] of rates) share.setRate(fair, given + spareOfEach, now);
  }

  #add(address: string, share: Share, now: Micros): void {
    const shares = this.#byAddress.get(address) ?? new Set();
    this.#byAddress.set(address, shares.add(share));
    this.tick(now);
  }

  #remove(address: string, share: Share): void {
    const shares = this.#byAddress.get(address);
    shares?.delete(share);
    if (shares?.size === 0) this.#byAddress.delete(address);
  }

  #noteHeldBack(now: Micros): void {
    this.heldBack++;
    if (now - this.#heldBackAt > LOG_AGAIN_MICROS && this.#bytesPerSecond !== null) {
      const megabits = (this.#bytesPerSecond * 8) / 1e6;
      this.#log.info(
        `viewers want more than --max-total-bitrate, which is ${megabits} Mbit/s: their addresses share it evenly (${this.#byAddress.size} now)`,
      );
    }
    this.#heldBackAt = now;
  }
}

interface ShareEvents {
  isLimited: boolean;
  /** The share calls this once, before the first picture. */
  onFirst(share: Share, now: Micros): void;
  onSent(bytes: number): void;
  /** The share calls this once for each picture that has to wait. */
  onHeldBack(now: Micros): void;
  onClosed(share: Share): void;
}

/** The share of one viewer. */
export class Share {
  readonly #events: ShareEvents;
  readonly #budget = new Budget(0);
  #isFirst = true;
  #isHeldBack = false;
  /**
   * The last time when a picture had to wait. The first picture also sets it, because until then nobody knows how much the viewer
   * wants.
   */
  #heldBackAt: Micros = 0;
  #periodStartedAt: Micros = 0;
  #periodBytes = 0;
  /** The rate of the bytes that were sent to the viewer in the last complete period. */
  #usedBytesPerSecond = 0;
  /** The bits a second that the viewer would get if it wanted as much as possible. Null means no limit. */
  bitsPerSecond: number | null = null;

  constructor(events: ShareEvents) {
    this.#events = events;
  }

  /** Whether the total bit rate has a limit. Without one, `allows` is always true. */
  get isLimited(): boolean {
    return this.#events.isLimited;
  }

  /** Returns the limits of the viewer within its share, which changes with time. */
  within({ maxLatencyMicros, maxBitsPerSecond }: AdaptationLimits): AdaptationLimits {
    const ofShare = () => this.bitsPerSecond;
    return {
      maxLatencyMicros,
      get maxBitsPerSecond() {
        const bitsPerSecond = ofShare();
        if (maxBitsPerSecond === null || bitsPerSecond === null) return maxBitsPerSecond ?? bitsPerSecond;
        return Math.min(maxBitsPerSecond, bitsPerSecond);
      },
    };
  }

  /** Returns whether a picture of any size may be sent. It may be sent while the balance is not negative. */
  allows(now: Micros): boolean {
    if (!this.#events.isLimited) return true;
    if (this.#isFirst) {
      this.#isFirst = false;
      this.#heldBackAt = now;
      this.#periodStartedAt = now;
      this.#events.onFirst(this, now);
    }
    const isAllowed = this.#budget.allows(now);
    if (!isAllowed) {
      this.#heldBackAt = now;
      if (!this.#isHeldBack) this.#events.onHeldBack(now);
    }
    this.#isHeldBack = !isAllowed;
    return isAllowed;
  }

  /** Whether `allows` would return true. The share does not note that a picture has to wait. */
  hasBalance(now: Micros): boolean {
    return !this.#events.isLimited || this.#isFirst || this.#budget.allows(now);
  }

  /** Subtracts the bytes of a sent message from the share. */
  spend(bytes: number): void {
    this.#events.onSent(bytes);
    if (!this.#events.isLimited) return;
    this.#budget.spend(bytes);
    this.#periodBytes += bytes;
  }

  /** Returns an estimate of the rate that the viewer would use without a limit. Only SharedBitrate calls this. */
  wishedBytesPerSecond(now: Micros): number {
    if (now - this.#periodStartedAt >= PERIOD_MICROS) {
      this.#usedBytesPerSecond = (this.#periodBytes * 1e6) / (now - this.#periodStartedAt);
      this.#periodBytes = 0;
      this.#periodStartedAt = now;
    }
    return now - this.#heldBackAt < WANTS_MORE_MICROS ? Number.POSITIVE_INFINITY : GROWTH * this.#usedBytesPerSecond;
  }

  /**
   * Sets two rates in bytes a second: `fair` is the rate that the viewer would get if it wanted as much as possible, and `given`
   * is its current rate. Only SharedBitrate calls this.
   */
  setRate(fair: number, given: number, now: Micros): void {
    this.bitsPerSecond = fair * 8;
    this.#budget.setRate(given * 8, now);
  }

  close(): void {
    this.#events.onClosed(this);
  }
}

/**
 * Returns for each user the max-min fair share that it would get if it wanted as much as possible, while the others want their
 * `wishes`. After the division, no user that wants more has less than this.
 */
export function fairShares(total: number, wishes: readonly number[]): number[] {
  const ascending = new Float64Array(wishes).sort();
  return wishes.map((own) => {
    const ownAt = ascending.indexOf(own);
    let left = total;
    let users = wishes.length;
    for (const [at, wish] of ascending.entries()) {
      if (at === ownAt) continue;
      const even = left / users;
      if (wish >= even) return even;
      left -= wish;
      users--;
    }
    return left;
  });
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
