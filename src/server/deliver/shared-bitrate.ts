// Shares `--max-total-bitrate` among all viewers: each address gets an even share, and each viewer an even share of that of its address.
// Shares are max-min fair: what one does not use, the others get, and a lone viewer gets all.

import type { Micros } from "../../core/clock.ts";
import type { Log } from "../../core/log.ts";
import { addressGroup } from "../access/address-group.ts";
import { Budget } from "./budget.ts";

/** A viewer that was held back counts as one that wants more for this long. */
const WANTS_MORE_MICROS = 1_000_000;
/** The time over which the rate of a viewer is measured. */
const PERIOD_MICROS = 1_000_000;
/** A viewer that is not held back may soon need this much more than it was sent. */
const GROWTH = 1.25;
/** The limit has a line in the log when it holds viewers back after it has not done so for this long. */
const LOG_AGAIN_MICROS = 60_000_000;

export class SharedBitrate {
  /** Null means no limit. */
  readonly #bytesPerSecond: number | null;
  readonly #log: Log;
  /** The shares of the viewers that have been sent pictures, by address. */
  readonly #byAddress = new Map<string, Set<Share>>();
  #heldBackAt = Number.NEGATIVE_INFINITY;
  /** How often a picture had to wait because of the limit. */
  heldBack = 0;
  /** The bytes of all pictures that were sent. */
  sentBytes = 0;

  constructor(bitsPerSecond: number | null, log: Log) {
    this.#bytesPerSecond = bitsPerSecond === null ? null : bitsPerSecond / 8;
    this.#log = log;
  }

  /** Returns the share of one viewer. It takes effect when the viewer is sent its first picture. Call `close` when the viewer leaves. */
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

  /** Divides the bit rate anew by what viewers have used and wanted. Call it about ten times a second. */
  tick(now: Micros): void {
    const total = this.#bytesPerSecond;
    if (total === null || this.#byAddress.size === 0) return;
    const addresses = [...this.#byAddress.values()].map((set) => {
      const shares = [...set];
      const wishes = shares.map((share) => share.wishedBytesPerSecond(now));
      return { shares, wishes, wish: sum(wishes) };
    });
    const wishOfEach = addresses.map(({ wish }) => wish);
    let spare = total;
    const rates = new Map<Share, { fair: number; given: number }>();
    for (const [index, { shares, wishes }] of addresses.entries()) {
      const ofAddress = fairShare(total, without(wishOfEach, index));
      for (const [at, share] of shares.entries()) {
        const fair = fairShare(ofAddress, without(wishes, at));
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
  /** Called once, before the first picture. */
  onFirst(share: Share, now: Micros): void;
  onSent(bytes: number): void;
  /** Called once for each picture that has to wait. */
  onHeldBack(now: Micros): void;
  onClosed(share: Share): void;
}

/** The share of one viewer. */
export class Share {
  readonly #events: ShareEvents;
  readonly #budget = new Budget(0);
  #isFirst = true;
  #isHeldBack = false;
  /** The last time when a picture had to wait. Before the first picture it is unknown how much the viewer wants. */
  #heldBackAt: Micros = 0;
  #periodStartedAt: Micros = 0;
  #periodBytes = 0;
  /** What the viewer was sent in the last whole period. */
  #usedBytesPerSecond = 0;
  /** The bits a second that the viewer would get if it wanted any number of them. Null means no limit. */
  bitsPerSecond: number | null = null;

  constructor(events: ShareEvents) {
    this.#events = events;
  }

  /** Returns whether the share is not overdrawn. If so, one picture of any size may be sent. */
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

  /** Takes the bytes of a sent message from the share. */
  spend(bytes: number): void {
    this.#events.onSent(bytes);
    if (!this.#events.isLimited) return;
    this.#budget.spend(bytes);
    this.#periodBytes += bytes;
  }

  /** For the owner: what the viewer would use without a limit, as far as that is known. */
  wishedBytesPerSecond(now: Micros): number {
    if (now - this.#periodStartedAt >= PERIOD_MICROS) {
      this.#usedBytesPerSecond = (this.#periodBytes * 1e6) / (now - this.#periodStartedAt);
      this.#periodBytes = 0;
      this.#periodStartedAt = now;
    }
    return now - this.#heldBackAt < WANTS_MORE_MICROS ? Number.POSITIVE_INFINITY : GROWTH * this.#usedBytesPerSecond;
  }

  /** For the owner: what the viewer would get if it wanted any rate, and what it gets, in bytes a second. */
  setRate(fair: number, given: number, now: Micros): void {
    this.bitsPerSecond = fair * 8;
    this.#budget.setRate(given * 8, now);
  }

  close(): void {
    this.#events.onClosed(this);
  }
}

/** What one more gets that wants any amount, when `total` is shared with others that want `wishes`. Nobody else with less wants more. */
export function fairShare(total: number, wishes: readonly number[]): number {
  let left = total;
  const ascending = new Float64Array(wishes).sort();
  for (const [index, wish] of ascending.entries()) {
    const even = left / (wishes.length + 1 - index);
    if (wish >= even) return even;
    left -= wish;
  }
  return left;
}

function without(values: readonly number[], index: number): number[] {
  return values.filter((_, at) => at !== index);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
