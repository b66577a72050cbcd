// Adaptation: which level of the ladder a viewer's link carries, so that its picture does not become too old.
//
//   staleness = path + interval        how old a picture is at the moment when the next one replaces it
//   path      = half a round trip + transfer + work
//   interval  = the slowest of camera, transfer, and what the credit's window allows
//
// From the acknowledgements come the link's rate and thus the transfer of a picture of any level. A level fits when its
// whole pictures (which a change of level, a scene cut or a new viewer costs) and its usual ones would stay below the
// bound. Down it goes as soon as that is sure; up one step at a time, after a while in which it would have fitted, and
// after a longer while each time it had to be taken back.

import type { Micros } from "../core/clock.ts";
import { RecentMedian } from "../core/statistics.ts";
import { type Level, weightRatio } from "./ladder.ts";

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

export interface AdaptationLimits {
  /** Largest staleness that is accepted; null = any. */
  maxLatencyMicros: number | null;
  /** Most that one viewer is sent; null = what its link carries. */
  maxBitsPerSecond: number | null;
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
  readonly #sizes = new RecentMedian(16);
  readonly #work = new RecentMedian(8);
  #tooMuch = 0;
  #fitsSince: Micros | null = null;
  #climbAfterMicros = FIRST_CLIMB_MICROS;
  #climbedAt: Micros | null = null;
  #changed = false;

  constructor(limits: AdaptationLimits) {
    this.#limits = limits;
  }

  /** Bytes a second that the link was seen to carry; null = not yet measured, or never filled. */
  get bytesPerSecond(): number | null {
    const cap = this.#limits.maxBitsPerSecond === null ? null : this.#limits.maxBitsPerSecond / 8;
    const seen = this.#rate.value ?? null;
    return seen === null || cap === null ? (seen ?? cap) : Math.min(seen, cap);
  }

  /** A frame of so many bytes was shown. */
  acknowledged(bytes: number, transferMicros: number, workMicros: number): void {
    this.#work.add(workMicros);
    // The picture that a change of level brought is whole, the usual ones are not.
    if (!this.#changed) this.#sizes.add(bytes);
    this.#changed = false;
    if (bytes >= TELLING_BYTES) this.#rate.add((bytes * 1e6) / Math.max(transferMicros, 100));
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
      return this.#change(levels, current, target);
    }
    this.#tooMuch = 0;
    if (this.#bestFitting(levels, current, at, CLIMB_RESERVE) >= current) {
      this.#fitsSince = null;
      return current;
    }
    this.#fitsSince ??= at.now;
    if (at.now - this.#fitsSince < this.#climbAfterMicros) return current;
    this.#fitsSince = null;
    this.#climbedAt = at.now;
    return this.#change(levels, current, current - 1);
  }

  #change(levels: readonly Level[], current: number, target: number): number {
    // Sizes seen at one level, as they would be at the other.
    const size = this.#sizes.value;
    this.#sizes.clear();
    if (size !== undefined) this.#sizes.add(size * weightRatio(levels[target] as Level, levels[current] as Level));
    this.#changed = true;
    return target;
  }

  /** The best level whose pictures stay within that share of the bound; the lowest where none does. */
  #bestFitting(levels: readonly Level[], current: number, at: Circumstances, share: number): number {
    const rate = this.bytesPerSecond;
    const { maxLatencyMicros } = this.#limits;
    if (rate === null || at.wholeBytes === 0) return current;
    const { maxBitsPerSecond } = this.#limits;
    const fits = (level: Level) => {
      const ratio = weightRatio(level, levels[current] as Level);
      const whole = at.wholeBytes * ratio;
      const usual = (this.#sizes.value ?? at.wholeBytes) * ratio;
      const bytesPerCapture = (rate * at.captureIntervalMicros) / 1e6;
      if (maxBitsPerSecond !== null && usual > bytesPerCapture * share && maxLatencyMicros === null) return false;
      return maxLatencyMicros === null || this.#staleness(whole, usual, rate, at) <= maxLatencyMicros * share;
    };
    const best = levels.findIndex(fits);
    return best < 0 ? levels.length - 1 : best;
  }

  #staleness(wholeBytes: number, usualBytes: number, bytesPerSecond: number, at: Circumstances): number {
    const transfer = (bytes: number) => (bytes * 1e6) / (bytesPerSecond * RATE_RESERVE);
    const work = this.#work.value ?? 0;
    const path = at.roundTripMicros / 2 + work;
    const interval = (micros: number) => Math.max(at.captureIntervalMicros, micros);
    // With a window that covers the path, pictures follow each other as fast as the link carries them.
    const usual = path + transfer(usualBytes) + interval(transfer(usualBytes));
    const whole = path + transfer(wholeBytes) + at.captureIntervalMicros;
    return Math.max(usual, whole);
  }
}
