// Adaptation: which level of the ladder a viewer's link carries, so that its picture does not become too old.
//
//   staleness = path + interval        how old a picture is at the moment when the next one replaces it
//   path      = half a round trip + transfer + work
//   interval  = the slowest of camera, transfer, and what the credit's window allows
//
// From the acknowledgements come the link's rate and thus the transfer of a picture of any level. A level fits when its
// whole pictures (which a change of level, a scene cut or a new viewer costs) and its usual ones would stay below the
// bound. Down it goes as soon as that is sure; up one step at a time, after a while in which it would have fitted, and
// after a longer while each time it had to be taken back. Frames of a few packets do not tell a link's rate: where there
// have been no others for that while, going up is how to find out.

import type { Micros } from "../../core/clock.ts";
import { RecentMedian } from "../../core/statistics.ts";
import { type Level, weight } from "../renditions/ladder.ts";

/** Fewer bytes than this say nothing of a link's rate: they fit in a few packets. */
const TELLING_BYTES = 4_000;
/** Acknowledgements in a row that must agree before quality is lowered. */
const SURE_AFTER = 2;
const FIRST_CLIMB_MICROS = 4_000_000;
const LONGEST_CLIMB_MICROS = 64_000_000;
/** A climb that is taken back within this time was a mistake. */
const REGRET_MICROS = 6_000_000;
/** What must be left of the bound before climbing. */
const CLIMB_RESERVE = 0.8;
/** Share of a rate that is counted on: links vary, and so do pictures. */
const RATE_RESERVE = 0.85;
/** Where transfer is no more than this share of the rest, sending less would cost quality and make nothing newer. */
const NEGLIGIBLE = 0.1;

export interface AdaptationLimits {
  /** Largest staleness that is accepted; null = any. */
  maxLatencyMicros: number | null;
  /** Most that one viewer is sent; null = what its link carries. */
  maxBitsPerSecond: number | null;
}

export interface SentFrame {
  bytes: number;
  level: Level;
  /** It brought all tiles. */
  isWhole: boolean;
}

/** As the viewer measured them; wire.ts, Ack. */
export interface ShownTimes {
  transferMicros: number;
  workMicros: number;
  now: Micros;
}

/** What is known of the stream at the moment of an acknowledgement. */
export interface Circumstances {
  now: Micros;
  roundTripMicros: number;
  captureIntervalMicros: number;
  /** Of all tiles of the level at hand; 0 = unknown. */
  wholeBytes: number;
}

export class Adaptation {
  readonly #limits: AdaptationLimits;
  readonly #rate = new RecentMedian(8); // bytes per second
  /** Of frames that were not whole pictures: bytes, divided by their level's weight. */
  readonly #sizes = new RecentMedian(12);
  readonly #work = new RecentMedian(8);
  #tooMuch = 0;
  #fitsSince: Micros | null = null;
  #climbAfterMicros = FIRST_CLIMB_MICROS;
  #climbedAt: Micros | null = null;
  /** When a frame last told the link's rate. */
  #toldAt: Micros = 0;

  constructor(limits: AdaptationLimits) {
    this.#limits = limits;
  }

  /** Bytes a second that the link was seen to carry; null = not yet measured, or never filled. */
  get bytesPerSecond(): number | null {
    const cap = this.#limits.maxBitsPerSecond === null ? null : this.#limits.maxBitsPerSecond / 8;
    const seen = this.#rate.value ?? null;
    return seen === null || cap === null ? (seen ?? cap) : Math.min(seen, cap);
  }

  /** A frame was shown. */
  acknowledged({ bytes, level, isWhole }: SentFrame, { transferMicros, workMicros, now }: ShownTimes): void {
    this.#work.add(workMicros);
    if (!isWhole) this.#sizes.add(bytes / weight(level));
    if (bytes < TELLING_BYTES) return;
    this.#rate.add((bytes * 1e6) / Math.max(transferMicros, 100));
    this.#toldAt = now;
  }

  /** The level to go to from `levels[current]`; often the same. Call after each acknowledgement. */
  choose(levels: readonly Level[], current: number, at: Circumstances): number {
    const target = this.#bestFitting(levels, current, at, 1);
    if (target > current) {
      this.#fitsSince = null;
      if (++this.#tooMuch < SURE_AFTER) return current;
      this.#tooMuch = 0;
      if (this.#climbedAt !== null && at.now - this.#climbedAt < REGRET_MICROS) {
        this.#climbAfterMicros = Math.min(2 * this.#climbAfterMicros, LONGEST_CLIMB_MICROS);
      }
      this.#climbedAt = null;
      this.#toldAt = at.now;
      return target;
    }
    this.#tooMuch = 0;
    if (this.#climbedAt !== null && at.now - this.#climbedAt >= REGRET_MICROS) {
      this.#climbedAt = null;
      this.#climbAfterMicros = Math.max(this.#climbAfterMicros / 2, FIRST_CLIMB_MICROS);
    }
    if (current > 0 && at.now - this.#toldAt >= this.#climbAfterMicros) {
      this.#rate.clear();
      this.#toldAt = at.now;
      return this.#climb(current, at.now);
    }
    if (this.#bestFitting(levels, current, at, CLIMB_RESERVE) >= current) {
      this.#fitsSince = null;
      return current;
    }
    this.#fitsSince ??= at.now;
    return at.now - this.#fitsSince < this.#climbAfterMicros ? current : this.#climb(current, at.now);
  }

  #climb(current: number, now: Micros): number {
    this.#fitsSince = null;
    this.#climbedAt = now;
    return current - 1;
  }

  /** The best level whose pictures stay within that share of the bound; the lowest where none does. */
  #bestFitting(levels: readonly Level[], current: number, at: Circumstances, share: number): number {
    const rate = this.bytesPerSecond;
    const { maxLatencyMicros } = this.#limits;
    if (rate === null || at.wholeBytes === 0) return current;
    const { maxBitsPerSecond } = this.#limits;
    const fits = (level: Level) => {
      const whole = (at.wholeBytes * weight(level)) / weight(levels[current] as Level);
      const usual = level.isPassedOn || this.#sizes.value === undefined ? whole : this.#sizes.value * weight(level);
      const bytesPerCapture = (rate * at.captureIntervalMicros) / 1e6;
      if (maxBitsPerSecond !== null && usual > bytesPerCapture * share && maxLatencyMicros === null) return false;
      return maxLatencyMicros === null || this.#isFresh(whole, usual, rate, at, maxLatencyMicros * share);
    };
    const best = levels.findIndex(fits);
    return best < 0 ? levels.length - 1 : best;
  }

  #isFresh(
    wholeBytes: number,
    usualBytes: number,
    bytesPerSecond: number,
    at: Circumstances,
    maxMicros: number,
  ): boolean {
    const transfer = (bytes: number) => (bytes * 1e6) / (bytesPerSecond * RATE_RESERVE);
    const work = this.#work.value ?? 0;
    const path = at.roundTripMicros / 2 + work;
    const interval = (micros: number) => Math.max(at.captureIntervalMicros, micros);
    // With a window that covers the path, pictures follow each other as fast as the link carries them.
    const usual = path + transfer(usualBytes) + interval(transfer(usualBytes));
    const whole = path + transfer(wholeBytes) + at.captureIntervalMicros;
    const isNegligible = transfer(wholeBytes) <= NEGLIGIBLE * (path + at.captureIntervalMicros);
    return isNegligible || Math.max(usual, whole) <= maxMicros;
  }
}
