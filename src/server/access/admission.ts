// Decides which connections are accepted. It counts connections and viewers, in all and by address, and limits the rate of new
// ones.

import type { Micros } from "../../core/clock.ts";
import { DropCounters } from "../../core/statistics.ts";
import { TokenBucket } from "../../core/token-bucket.ts";
import { addressGroup, isLoopback } from "./address-group.ts";
import { type AccessLimits, CONNECTS_BURST, LIMIT_NAMES, type LimitName } from "./limits.ts";

/**
 * The factor by which more connections and requests a second are allowed from the server's own machine, because its programs share
 * an address.
 */
const LOOPBACK_FACTOR = 10;
/** A viewer that is disconnected because it sends too many messages counts as this many new connections of its address. */
const FLOOD_COSTS_CONNECTS = 10;

/** A connection that was accepted. */
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
  readonly requests: TokenBucket;
  greeting: number;
  viewers: number;
}

/** The reason why a connection is refused: the limit, and a text for people. */
export interface Excess {
  limit: LimitName;
  text: string;
}

export class Admission {
  readonly #limits: AccessLimits;
  readonly #origins = new Map<string, Origin>();
  /** The accepted connections that have not sent Hello (the first message of a viewer), with the oldest first. */
  readonly #greeting = new Set<Guest>();
  #viewers = 0;
  /** The number of connections that were refused or ended, by limit. */
  readonly refused = new DropCounters(LIMIT_NAMES);

  constructor(limits: AccessLimits) {
    this.#limits = limits;
  }

  /** Whether there are as many viewers as are allowed. */
  get isFull(): boolean {
    return this.#viewers >= this.#limits.maxViewers;
  }

  /**
   * Accepts or refuses a new connection from `ip`. When too many connections have not sent Hello, one of them is ended: the oldest
   * of the address that has the most of them.
   */
  connect(ip: string, abort: () => void, now: Micros): Guest | Excess {
    const { maxGreetings, maxGreetingsPerAddress } = this.#limits;
    const origin = this.#originOf(ip, now);
    const { name } = origin;
    if (!origin.connects.take(now)) return this.#refuseConnect(origin);
    if (!origin.isLoopback && origin.greeting >= maxGreetingsPerAddress) {
      const text = `too many connections from ${name} have not begun the protocol: the limit is ${maxGreetingsPerAddress}`;
      return this.#refuse("greetingsPerAddress", text);
    }
    const guest: Guest = { origin, hasGreeted: false, abort };
    origin.greeting++;
    this.#greeting.add(guest);
    if (this.#greeting.size > maxGreetings) this.#endGreeting();
    return guest;
  }

  /** Refuses a new connection from `ip` if there are too many. Returns null, and counts nothing, if `connect` may accept it. */
  refuseConnect(ip: string, now: Micros): Excess | null {
    const origin = this.#originOf(ip, now);
    return origin.connects.isEmpty(now) ? this.#refuseConnect(origin) : null;
  }

  #refuseConnect(origin: Origin): Excess {
    const limit = this.#limits.connectsPerSecond * factorOf(origin);
    const text = `too many new connections came from ${origin.name}: the limit is ${limit} a second`;
    return this.#refuse("connects", text);
  }

  /**
   * Ends the oldest greeting of the address that has the most. So a few addresses with many connections do not keep out a single
   * viewer whose greeting takes several round trips.
   */
  #endGreeting(): void {
    let ended: Guest | null = null;
    for (const guest of this.#greeting) {
      if (ended === null || guest.origin.greeting > ended.origin.greeting) ended = guest;
    }
    if (ended === null) return;
    this.refused.add("greetings");
    this.gone(ended);
    ended.abort();
  }

  /** Accepts or refuses a request at the HTTP door. Returns null, or the reason why it is refused. */
  request(ip: string, now: Micros): Excess | null {
    const origin = this.#originOf(ip, now);
    if (origin.requests.take(now)) return null;
    const { requestsPerSecond } = this.#limits;
    return this.#refuse(
      "requests",
      `too many requests came from ${origin.name}: the limit is ${requestsPerSecond * factorOf(origin)} a second`,
    );
  }

  /** Admits a connection as a viewer after its Hello. Returns null, or the reason why it is refused. */
  greet(guest: Guest): Excess | null {
    const { maxViewers, maxViewersPerAddress } = this.#limits;
    const { origin } = guest;
    if (this.isFull) return this.#refuse("viewers", `the server is full: the limit is ${maxViewers} viewers`);
    if (!origin.isLoopback && origin.viewers >= maxViewersPerAddress) {
      const text = `too many viewers from ${origin.name}: the limit is ${maxViewersPerAddress}`;
      return this.#refuse("viewersPerAddress", text);
    }
    if (this.#greeting.delete(guest)) origin.greeting--;
    guest.hasGreeted = true;
    origin.viewers++;
    this.#viewers++;
    return null;
  }

  /** Counts connections without a viewer that the HTTP door has ended. */
  endedIdle(count: number): void {
    this.refused.add("greetings", count);
  }

  /** Counts a viewer that is disconnected because it has exceeded a limit. */
  exceeded({ origin }: Guest, limit: LimitName, now: Micros): void {
    this.refused.add(limit);
    if (limit === "messages") origin.connects.charge(FLOOD_COSTS_CONNECTS, now);
  }

  /** Removes a connection that is closed. Later calls for the same connection do nothing. */
  gone(guest: Guest): void {
    const { origin } = guest;
    if (this.#greeting.delete(guest)) origin.greeting--;
    if (!guest.hasGreeted) return;
    guest.hasGreeted = false;
    origin.viewers--;
    this.#viewers--;
  }

  /** Forgets addresses that have no connections and have not had many recently. Call it about ten times a second. */
  tick(now: Micros): void {
    for (const [name, { greeting, viewers, connects, requests }] of this.#origins) {
      if (greeting === 0 && viewers === 0 && connects.isFull(now) && requests.isFull(now)) this.#origins.delete(name);
    }
  }

  #originOf(ip: string, now: Micros): Origin {
    const name = addressGroup(ip);
    const known = this.#origins.get(name);
    if (known !== undefined) return known;
    const isOwn = isLoopback(ip);
    const bucket = (limit: number) => {
      const perSecond = limit * factorOf({ isLoopback: isOwn });
      return new TokenBucket({ perSecond, burst: perSecond * CONNECTS_BURST }, now);
    };
    const connects = bucket(this.#limits.connectsPerSecond);
    const requests = bucket(this.#limits.requestsPerSecond);
    const origin: Origin = { name, isLoopback: isOwn, connects, requests, greeting: 0, viewers: 0 };
    this.#origins.set(name, origin);
    return origin;
  }

  #refuse(limit: LimitName, text: string): Excess {
    this.refused.add(limit);
    return { limit, text };
  }
}

/** The factor by which an address may exceed the limits of connections and requests. */
function factorOf({ isLoopback }: Pick<Origin, "isLoopback">): number {
  return isLoopback ? LOOPBACK_FACTOR : 1;
}
