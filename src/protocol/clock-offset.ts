// How far apart the clocks of two machines are, from pings: the exchange with the shortest round trip is the truest.

import type { Micros } from "../core/clock.ts";
import type { Pong } from "./messages.ts";
import { FIRST_PING_INTERVAL_MS, FIRST_PINGS, PING_INTERVAL_MS } from "./wire.ts";

interface Exchange {
  at: Micros;
  roundTripMicros: number;
  offsetMicros: number;
}

/** How long an exchange is trusted: crystals drift apart by up to 100 µs a second at worst, usually by 10. */
const TRUSTED_MICROS = 30_000_000;
const CAPACITY = 32;

/**
 * Estimates the peer's clock and the round trip.
 *
 * As in NTP (RFC 5905, section 8) an exchange gives offset = ((t1 − t0) + (t2 − t3)) / 2 and round trip =
 * (t3 − t0) − (t2 − t1). Waiting in queues only ever lengthens a round trip and makes the offset wrong by at most half
 * of that, so of the exchanges of the last 30 s the one with the least round trip counts (the clock filter of RFC 5905,
 * section 10).
 */
export class ClockOffset {
  #exchanges: Exchange[] = [];
  #best: Exchange | null = null;
  #pings = 0;
  #pingedAt: Micros = 0;

  /** Whether it is time for the next Ping; if so, it counts as sent at `now`. */
  pingIsDue(now: Micros): boolean {
    const intervalMs = this.#pings < FIRST_PINGS ? FIRST_PING_INTERVAL_MS : PING_INTERVAL_MS;
    if (now - this.#pingedAt < intervalMs * 1000) return false;
    this.#pings++;
    this.#pingedAt = now;
    return true;
  }

  /** Takes an answer in at `now` of the own clock. */
  add(pong: Pong, now: Micros): void {
    const roundTripMicros = Math.max(0, now - pong.sentAt - (pong.repliedAt - pong.receivedAt));
    const offsetMicros = (pong.receivedAt - pong.sentAt + (pong.repliedAt - now)) / 2;
    this.#exchanges.push({ at: now, roundTripMicros, offsetMicros });
    this.#exchanges = this.#exchanges.filter((e) => e.at > now - TRUSTED_MICROS).slice(-CAPACITY);
    this.#best = this.#exchanges.reduce((best, e) => (e.roundTripMicros < best.roundTripMicros ? e : best));
  }

  /** Whether there has been an answer: before that, a latency across machines is unknown, not zero. */
  get known(): boolean {
    return this.#best !== null;
  }

  /** The least round trip of the last 30 s; 0 while unknown. */
  get roundTripMicros(): number {
    return this.#best?.roundTripMicros ?? 0;
  }

  /** A time of the peer's clock in the own clock. */
  toOwnClock(peerTime: Micros): Micros {
    return peerTime - (this.#best?.offsetMicros ?? 0);
  }
}
