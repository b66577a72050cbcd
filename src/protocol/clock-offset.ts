// Estimates the offset between the clocks of two machines from pings. The exchange with the shortest round trip is the most
// exact.

import type { Micros } from "../core/clock.ts";
import type { Pong } from "./messages.ts";
import { FIRST_PING_INTERVAL_MS, FIRST_PINGS, PING_INTERVAL_MS } from "./wire.ts";

interface Exchange {
  at: Micros;
  roundTripMicros: number;
  offsetMicros: number;
}

/**
 * The time for which an exchange is used. It is limited because two clocks drift apart by about 10 µs a second, and by 100 µs at
 * worst.
 */
const TRUSTED_MICROS = 30_000_000;
const CAPACITY = 32;
const WORST_DRIFT = 100e-6;
/** The largest rounding error. Stamps are whole microseconds, so a very short round trip may seem to be slightly negative. */
const ROUNDING_MICROS = 3;
/** The largest plausible age of a picture. A larger one means that a clock is wrong. */
const OLDEST_MICROS = 3_600_000_000;

/**
 * Estimates the other side's clock and the round trip.
 *
 * An exchange is a Ping and its answer. As in NTP (RFC 5905, section 8), it gives offset = ((t1 − t0) + (t2 − t3)) / 2 and
 * round trip = (t3 − t0) − (t2 − t1). Queues can only lengthen a round trip, and they make the offset wrong by at most half of
 * the extra time. So the exchange with the shortest round trip of the last 30 s is used (the clock filter of RFC 5905, section
 * 10).
 *
 * So each exchange gives a range for the offset. If the ranges of an older and a newer exchange do not overlap, one of the clocks
 * was set or stood still in between (a suspended machine, a virtual machine that was moved). The older exchange is then dropped.
 */
export class ClockOffset {
  #exchanges: Exchange[] = [];
  #best: Exchange | null = null;
  #pings = 0;
  #pingedAt: Micros = 0;

  /** Returns whether the next Ping is due. If it is due, the caller sends it, and it counts as sent at `now`. */
  pingIsDue(now: Micros): boolean {
    const intervalMs = this.#pings < FIRST_PINGS ? FIRST_PING_INTERVAL_MS : PING_INTERVAL_MS;
    if (now - this.#pingedAt < intervalMs * 1000) return false;
    this.#pings++;
    this.#pingedAt = now;
    return true;
  }

  /** Adds an answer that arrived at `now` in this machine's clock. */
  add(pong: Pong, now: Micros): void {
    const roundTripMicros = now - pong.sentAt - (pong.repliedAt - pong.receivedAt);
    if (roundTripMicros < -ROUNDING_MICROS) return; // a clock was set during the exchange
    const offsetMicros = (pong.receivedAt - pong.sentAt + (pong.repliedAt - now)) / 2;
    const newest = { at: now, roundTripMicros: Math.max(0, roundTripMicros), offsetMicros };
    const isUsed = (e: Exchange) => e.at > now - TRUSTED_MICROS && !excludes(newest, e);
    this.#exchanges = [...this.#exchanges.filter(isUsed), newest].slice(-CAPACITY);
    this.#best = this.#exchanges.reduce((best, e) => (e.roundTripMicros < best.roundTripMicros ? e : best));
  }

  /** Whether an answer has arrived. Before the first answer, latencies between the machines are unknown. */
  get known(): boolean {
    return this.#best !== null;
  }

  /** The shortest round trip of the last 30 s, or 0 while it is unknown. */
  get roundTripMicros(): number {
    return this.#best?.roundTripMicros ?? 0;
  }

  /** Converts a time in the other machine's clock to this machine's clock. */
  toOwnClock(peerTime: Micros): Micros {
    return peerTime - (this.#best?.offsetMicros ?? 0);
  }

  /**
   * Returns the age, at `now`, of an event that happened at `peerTime` in the other machine's clock, in microseconds. The result
   * is null while the offset is unknown, and for an age that cannot be right: below zero by more than the error of the offset, or
   * more than an hour.
   */
  ageMicros(peerTime: Micros, now: Micros): number | null {
    if (this.#best === null) return null;
    const age = now - this.toOwnClock(peerTime);
    const errorMicros = this.#best.roundTripMicros / 2 + WORST_DRIFT * TRUSTED_MICROS;
    return age < -errorMicros || age > OLDEST_MICROS ? null : Math.max(0, age);
  }
}

/** Returns whether the offset cannot lie in the ranges of both exchanges, even if the clocks drift as much as clocks do. */
function excludes(newer: Exchange, older: Exchange): boolean {
  const errorMicros = (newer.roundTripMicros + older.roundTripMicros) / 2 + WORST_DRIFT * (newer.at - older.at);
  return Math.abs(newer.offsetMicros - older.offsetMicros) > errorMicros + ROUNDING_MICROS;
}
