// Adaptation: chooses the quality level that a viewer's link can carry, so that the viewer's picture does not become too old.
// The measure is the staleness of the picture, which is its age at the moment when the next picture replaces it:
//
//   staleness = path + interval
//   path      = half a round trip + transfer + work
//   interval  = the slowest of camera, transfer, and the rate that the credit's window allows
//
// The rate of the link is measured from acknowledgements. From it follows the transfer time of a picture at any level. A level
// fits when both its usual pictures and its whole pictures stay below the bound. (Whole pictures are sent after a change of
// level, at a scene cut, and to new viewers.)
// When the current level certainly does not fit, a lower level is chosen at once. A climb goes up by one level, after that level
// would have fitted for a waiting time. The next climb follows sooner, as long as the link has shown that it carries more. Each
// failed climb makes the waiting time longer. Small frames (a few packets) do not show the rate of the link. If all frames during
// the waiting time were small, a climb is tried, because only larger frames can show the rate.

import type { Micros } from "../../../core/clock.ts";
import { RecentMedian } from "../../../core/statistics.ts";
import { type Level, weight } from "../../renditions/ladder.ts";

/** The size of a frame from which its transfer time shows the rate of the link. Smaller frames fit into a few packets. */
const TELLING_BYTES = 4_000;
/** The number of acknowledgements in a row that must agree before the level is lowered. */
const SURE_AFTER = 2;
/**
 * The time for which a higher level must have fitted before a climb: the first value, and the largest value after failed climbs.
 */
const FIRST_CLIMB_MICROS = 4_000_000;
const LONGEST_CLIMB_MICROS = 64_000_000;
/**
 * The time for which the next higher level must have fitted after a climb whose pictures showed the rate of the link. It is
 * shorter than the first wait, so that a picture is soon sharp again after a slow time of the link.
 */
const NEXT_CLIMB_MICROS = 1_500_000;
/** A climb has failed when the level is lowered again within this time. */
const REGRET_MICROS = 6_000_000;
/** A higher level must stay below this share of the bound before a climb. */
const CLIMB_RESERVE = 0.8;
/** The share of the measured rate that is used, because links and pictures vary. */
const RATE_RESERVE = 0.85;
/**
 * When the transfer time is at most this share of the other times, the level is not lowered, because that would cost quality and
 * make no picture newer.
 */
const NEGLIGIBLE = 0.1;

export interface AdaptationLimits {
  /** The largest accepted staleness. Null accepts any staleness. */
  maxLatencyMicros: number | null;
  /** The largest bit rate for one viewer, in bits a second. Null means no limit. */
  maxBitsPerSecond: number | null;
}

export interface SentFrame {
  bytes: number;
  level: Level;
  /** True if the frame contained all tiles. */
  isWhole: boolean;
}

/** The times that the viewer measured (wire.ts, Ack). */
export interface ShownTimes {
  transferMicros: number;
  workMicros: number;
}

/** The state of the stream at the moment of an acknowledgement. */
export interface Circumstances {
  now: Micros;
  roundTripMicros: number;
  captureIntervalMicros: number;
  /** The bytes of a whole picture at the current level, or 0 if unknown. */
  wholeBytes: number;
}

export class Adaptation {
  readonly #limits: AdaptationLimits;
  /** The link's rate, in bytes a second. */
  readonly #rate = new RecentMedian(8);
  /**
   * The bytes of frames that were not whole pictures, divided by the weight of their level (ladder.ts), so that levels can be
   * compared.
   */
  readonly #sizes = new RecentMedian(12);
  readonly #work = new RecentMedian(8);
  /** The number of acknowledgements in a row that showed that the level is too high. */
  #tooMuch = 0;
  /** The time since which the next higher level would fit, or null when it would not fit. */
  #fitsSince: Micros | null = null;
  #climbAfterMicros = FIRST_CLIMB_MICROS;
  #climbedAt: Micros | null = null;
  /** The last time when a frame showed the rate of the link, or when a change of level restarted the measurement. */
  #toldAt: Micros = 0;

  constructor(limits: AdaptationLimits) {
    this.#limits = limits;
  }

  /**
   * The bytes a second that the link carries, or the limit (`--max-bitrate`) if it is lower. Null when the rate is not measured
   * yet and there is no limit.
   */
  get bytesPerSecond(): number | null {
    const cap = this.#limits.maxBitsPerSecond === null ? null : this.#limits.maxBitsPerSecond / 8;
    const seen = this.#rate.value ?? null;
    return seen === null || cap === null ? (seen ?? cap) : Math.min(seen, cap);
  }

  /** Adds the measurements of a frame that was shown. `now` is the time when the acknowledgement arrived. */
  acknowledged({ bytes, level, isWhole }: SentFrame, { transferMicros, workMicros }: ShownTimes, now: Micros): void {
    this.#work.add(workMicros);
    if (!isWhole) this.#sizes.add(bytes / weight(level));
    if (bytes < TELLING_BYTES) return;
    this.#rate.add((bytes * 1e6) / Math.max(transferMicros, 100));
    this.#toldAt = now;
  }

  /** Returns the index of the level to use next, which is often still `current`. Call it after each acknowledgement. */
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
    if (current === 0 || this.#bestFitting(levels, current, at, CLIMB_RESERVE) >= current) {
      this.#fitsSince = null;
      return current;
    }
    this.#fitsSince ??= at.now;
    const showedRate = this.#climbedAt !== null && this.#toldAt > this.#climbedAt;
    const waitMicros = showedRate ? NEXT_CLIMB_MICROS : this.#climbAfterMicros;
    return at.now - this.#fitsSince < waitMicros ? current : this.#climb(current, at.now);
  }

  #climb(current: number, now: Micros): number {
    this.#fitsSince = null;
    this.#climbedAt = now;
    return current - 1;
  }

  /** Returns the best level whose pictures stay within this share of the bound, or the lowest level when no level does. */
  #bestFitting(levels: readonly Level[], current: number, at: Circumstances, share: number): number {
    const rate = this.bytesPerSecond;
    const { maxLatencyMicros } = this.#limits;
    if (rate === null || at.wholeBytes === 0) return current;
    const { maxBitsPerSecond } = this.#limits;
    const bytesPerCapture = (rate * at.captureIntervalMicros) / 1e6;
    const wholeOfWeight = at.wholeBytes / weight(levels[current] as Level);
    const sizes = this.#sizes.value;
    for (const [step, level] of levels.entries()) {
      const whole = wholeOfWeight * weight(level);
      const usual = level.passedOn === "pictures" || sizes === undefined ? whole : sizes * weight(level);
      const fits =
        maxLatencyMicros === null
          ? maxBitsPerSecond === null || usual <= bytesPerCapture * share
          : this.#isFresh(whole, usual, rate, at, maxLatencyMicros * share);
      if (fits) return step;
    }
    return levels.length - 1;
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
    // Enough pictures are in flight (credit.ts) to keep the link busy, so one picture follows another as fast as the link carries
    // them.
    const usual = path + transfer(usualBytes) + interval(transfer(usualBytes));
    const whole = path + transfer(wholeBytes) + at.captureIntervalMicros;
    const isNegligible = transfer(wholeBytes) <= NEGLIGIBLE * (path + at.captureIntervalMicros);
    return isNegligible || Math.max(usual, whole) <= maxMicros;
  }
}
