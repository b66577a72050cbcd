// Decides which connections are let in. It counts connections and viewers, in all and by address, and how fast they come.

import type { Micros } from "../../core/clock.ts";
import { DropCounters } from "../../core/statistics.ts";
import { TokenBucket } from "../../core/token-bucket.ts";
import { addressGroup, isLoopback } from "./address-group.ts";
import { type AccessLimits, CONNECTS_BURST, LIMIT_NAMES, type LimitName } from "./limits.ts";

/** Programs on the server's own machine share an address. */
const LOOPBACK_CONNECTS = 10;
/** A viewer that is disconnected because it floods has used up this many new connections of its address. */
const FLOOD_COSTS_CONNECTS = 10;

/** A connection that was let in. */
export interface Guest {
  readonly origin: Origin;
  hasGreeted: boolean;
  /** Ends the connection at once. */
  readonly abort: () => void;
}

/** One address, or one IPv6 network of 64 bits. */
export interface Origin {
  readonly name: string;
  readonly isLoopback: boolean;
  readonly connects: TokenBucket;
  greeting: number;
  viewers: number;
}

/** Why a connection is refused: the limit, and a text for people. */
export interface Excess {
  limit: LimitName;
  text: string;
}

export class Admission {
  readonly #limits: AccessLimits;
  readonly #origins = new Map<string, Origin>();
  /** Guests that have not sent Hello, the oldest first. */
  readonly #greeting = new Set<Guest>();
  #viewers = 0;
  /** How many connections were refused or ended, by limit. */
  readonly refused = new DropCounters(LIMIT_NAMES);

  constructor(limits: AccessLimits) {
    this.#limits = limits;
  }

  /** A new connection from `ip`. When too many have not sent Hello, the oldest of them ends. */
  connect(ip: string, abort: () => void, now: Micros): Guest | Excess {
    const { connectsPerSecond, maxGreetings, maxGreetingsPerAddress } = this.#limits;
    const origin = this.#originOf(ip, now);
    const { name } = origin;
    if (!origin.connects.take(now)) {
      return this.#refuse("connects", `${connectsPerSecond} new connections a second from ${name} are the limit`);
    }
    if (!origin.isLoopback && origin.greeting >= maxGreetingsPerAddress) {
      const text = `${maxGreetingsPerAddress} connections from ${name} that have not begun the protocol are the limit`;
      return this.#refuse("greetingsPerAddress", text);
    }
    const guest: Guest = { origin, hasGreeted: false, abort };
    origin.greeting++;
    this.#greeting.add(guest);
    const [oldest] = this.#greeting;
    if (this.#greeting.size > maxGreetings && oldest !== undefined) {
      this.refused.add("greetings");
      this.gone(oldest);
      oldest.abort();
    }
    return guest;
  }

  /** The guest has sent Hello. Returns why it may not become a viewer, or null if it may. */
  greet(guest: Guest): Excess | null {
    const { maxViewers, maxViewersPerAddress } = this.#limits;
    const { origin } = guest;
    if (this.#viewers >= maxViewers) return this.#refuse("viewers", `${maxViewers} viewers are the limit`);
    if (!origin.isLoopback && origin.viewers >= maxViewersPerAddress) {
      const text = `${maxViewersPerAddress} viewers from ${origin.name} are the limit`;
      return this.#refuse("viewersPerAddress", text);
    }
    if (this.#greeting.delete(guest)) origin.greeting--;
    guest.hasGreeted = true;
    origin.viewers++;
    this.#viewers++;
    return null;
  }

  /** The viewer has exceeded a limit and is disconnected. */
  exceeded({ origin }: Guest, limit: LimitName, now: Micros): void {
    this.refused.add(limit);
    if (limit === "messages") origin.connects.drain(FLOOD_COSTS_CONNECTS, now);
  }

  /** The connection is closed. Later calls for the same guest do nothing. */
  gone(guest: Guest): void {
    const { origin } = guest;
    if (this.#greeting.delete(guest)) origin.greeting--;
    if (!guest.hasGreeted) return;
    guest.hasGreeted = false;
    origin.viewers--;
    this.#viewers--;
  }

  /** Forgets addresses that have no connection and have not had many. Call it about ten times a second. */
  tick(now: Micros): void {
    for (const [name, { greeting, viewers, connects }] of this.#origins) {
      if (greeting === 0 && viewers === 0 && connects.isFull(now)) this.#origins.delete(name);
    }
  }

  #originOf(ip: string, now: Micros): Origin {
    const name = addressGroup(ip);
    const known = this.#origins.get(name);
    if (known !== undefined) return known;
    const isOwn = isLoopback(ip);
    const perSecond = this.#limits.connectsPerSecond * (isOwn ? LOOPBACK_CONNECTS : 1);
    const connects = new TokenBucket({ perSecond, burst: perSecond * CONNECTS_BURST }, now);
    const origin: Origin = { name, isLoopback: isOwn, connects, greeting: 0, viewers: 0 };
    this.#origins.set(name, origin);
    return origin;
  }

  #refuse(limit: LimitName, text: string): Excess {
    this.refused.add(limit);
    return { limit, text };
  }
}
