// The offset between the clocks of two machines, from pings: the exchange with the shortest round trip is the most exact.

import type { Micros } from "../core/clock.ts";
import type { Pong } from "./messages.ts";
import { FIRST_PING_INTERVAL_MS, FIRST_PINGS, PING_INTERVAL_MS } from "./wire.ts";

interface Exchange {
  at: Micros;
  roundTripMicros: number;
  offsetMicros: number;
}

/** How long an exchange counts. Crystals drift apart by 10 µs a second, by 100 µs at worst. */
const TRUSTED_MICROS = 30_000_000;
const CAPACITY = 32;

/**
 * Estimates the peer's clock and the round trip.
 *
 * As in NTP (RFC 5905, section 8) an exchange gives offset = ((t1 − t0) + (t2 − t3)) / 2 and round trip =
 * (t3 − t0) − (t2 − t1). Waiting in queues can only lengthen a round trip, and makes the offset wrong by at most half of
 * that. So the exchange with the shortest round trip in the last 30 s counts (the clock filter of RFC 5905, section 10).
 */
export class ClockOffset {
  #exchanges: Exchange[] = [];
  #best: Exchange | null = null;
  #pings = 0;
  #pingedAt: Micros = 0;

  /** Whether the next Ping is due. If so, it counts as sent at `now`. */
  pingIsDue(now: Micros): boolean {
    const intervalMs = this.#pings < FIRST_PINGS ? FIRST_PING_INTERVAL_MS : PING_INTERVAL_MS;
    if (now - this.#pingedAt < intervalMs * 1000) return false;
    this.#pings++;
    this.#pingedAt = now;
    return true;
  }

  /** Adds an answer that arrived at `now` of this machine's clock. */
  add(pong: Pong, now: Micros): void {
    const roundTripMicros = Math.max(0, now - pong.sentAt - (pong.repliedAt - pong.receivedAt));
    const offsetMicros = (pong.receivedAt - pong.sentAt + (pong.repliedAt - now)) / 2;
    this.#exchanges.push({ at: now, roundTripMicros, offsetMicros });
    this.#exchanges = this.#exchanges.filter((e) => e.at > now - TRUSTED_MICROS).slice(-CAPACITY);
    this.#best = this.#exchanges.reduce((best, e) => (e.roundTripMicros < best.roundTripMicros ? e : best));
  }

  /** Whether an answer has arrived. Before that, a latency between machines is unknown, not zero. */
  get known(): boolean {
    return this.#best !== null;
  }

  /** The shortest round trip of the last 30 s; 0 while unknown. */
  get roundTripMicros(): number {
    return this.#best?.roundTripMicros ?? 0;
  }

  /** Converts a time of the other machine's clock to this machine's clock. */
  toOwnClock(peerTime: Micros): Micros {
    return peerTime - (this.#best?.offsetMicros ?? 0);
  }
}
