// Adaptation: chooses the level of the ladder that a viewer's link carries, so that its picture does not become too old.
//
//   staleness = path + interval        how old a picture is at the moment when the next one replaces it
//   path      = half a round trip + transfer + work
//   interval  = the slowest of camera, transfer, and the rate that the credit's window allows
//
// The acknowledgements tell the link's rate, and so how long a picture of any level takes. A level fits when its whole pictures
// (sent after a change of level, at a scene cut, and to new viewers) and its usual pictures both stay below the bound. When
// it is certain that the present level does not fit, a lower one is chosen at once. A climb is one step at a time, after the
// higher level would have fitted for a while; each climb that has to be taken back makes that while longer. Frames of a few
// packets do not tell the link's rate. When there have been only such frames for that while, a climb is how to find out.

import type { Micros } from "../../../core/clock.ts";
import { RecentMedian } from "../../../core/statistics.ts";
import { type Level, weight } from "../../renditions/ladder.ts";

/** Smaller frames fit into a few packets, and do not tell the link's rate. */
const TELLING_BYTES = 4_000;
/** This many acknowledgements in a row must agree before the level is lowered. */
const SURE_AFTER = 2;
/** How long a higher level must have fitted before a climb: at first, and at most after climbs that were taken back. */
const FIRST_CLIMB_MICROS = 4_000_000;
const LONGEST_CLIMB_MICROS = 64_000_000;
/** A climb that is taken back within this time was a mistake. */
const REGRET_MICROS = 6_000_000;
/** A higher level must stay below this share of the bound before a climb. */
const CLIMB_RESERVE = 0.8;
/** The share of the measured rate that is relied on: links vary, and so do pictures. */
const RATE_RESERVE = 0.85;
/** When transfer takes no more than this share of the other times, sending less would cost quality and make no picture newer. */
const NEGLIGIBLE = 0.1;

export interface AdaptationLimits {
  /** The largest staleness that is accepted; null = any. */
  maxLatencyMicros: number | null;
  /** The most bits a second that one viewer is sent; null = no limit. */
  maxBitsPerSecond: number | null;
}

export interface SentFrame {
  bytes: number;
  level: Level;
  /** Whether it contained all tiles. */
  isWhole: boolean;
}

/** Times that the viewer measured (wire.ts, Ack), and when the acknowledgement came. */
export interface ShownTimes {
  transferMicros: number;
  workMicros: number;
  now: Micros;
}

/** The state of the stream at the moment of an acknowledgement. */
export interface Circumstances {
  now: Micros;
  roundTripMicros: number;
  captureIntervalMicros: number;
  /** Bytes of a whole picture at the present level; 0 = unknown. */
  wholeBytes: number;
}

export class Adaptation {
  readonly #limits: AdaptationLimits;
  /** The link's rate, in bytes a second. */
  readonly #rate = new RecentMedian(8);
  /** Bytes of frames that were not whole pictures, divided by the weight of their level. */
  readonly #sizes = new RecentMedian(12);
  readonly #work = new RecentMedian(8);
  /** How many acknowledgements in a row asked for a lower level. */
  #tooMuch = 0;
  /** Since when the next higher level would fit; null when it would not. */
  #fitsSince: Micros | null = null;
  #climbAfterMicros = FIRST_CLIMB_MICROS;
  #climbedAt: Micros | null = null;
  /** When a frame last told the link's rate, or a change of level started the measurement again. */
  #toldAt: Micros = 0;

  constructor(limits: AdaptationLimits) {
    this.#limits = limits;
  }

  /** Bytes a second that the link carries, or the limit if that is lower; null = not measured yet, and no limit. */
  get bytesPerSecond(): number | null {
    const cap = this.#limits.maxBitsPerSecond === null ? null : this.#limits.maxBitsPerSecond / 8;
    const seen = this.#rate.value ?? null;
    return seen === null || cap === null ? (seen ?? cap) : Math.min(seen, cap);
  }

  /** Takes the measurements of a frame that was shown. */
  acknowledged({ bytes, level, isWhole }: SentFrame, { transferMicros, workMicros, now }: ShownTimes): void {
    this.#work.add(workMicros);
    if (!isWhole) this.#sizes.add(bytes / weight(level));
    if (bytes < TELLING_BYTES) return;
    this.#rate.add((bytes * 1e6) / Math.max(transferMicros, 100));
    this.#toldAt = now;
  }

  /** Returns the index of the level to use after `levels[current]`; often the same. Call it after each acknowledgement. */
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

  /** Returns the best level whose pictures stay within this share of the bound; the lowest level when none does. */
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
    // The credit's window covers the path, so pictures follow each other as fast as the link carries them.
    const usual = path + transfer(usualBytes) + interval(transfer(usualBytes));
    const whole = path + transfer(wholeBytes) + at.captureIntervalMicros;
    const isNegligible = transfer(wholeBytes) <= NEGLIGIBLE * (path + at.captureIntervalMicros);
    return isNegligible || Math.max(usual, whole) <= maxMicros;
  }
}
