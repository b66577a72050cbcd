// The connections that are refused: each gets a Goodbye and a short time to read it, as long as these are few.

import { type Micros, nowMicros } from "../../core/clock.ts";
import { type BucketRate, TokenBucket } from "../../core/token-bucket.ts";
import { writeGoodbye } from "../../protocol/greeting.ts";
import { MAX_BYTES_AFTER_GOODBYE } from "../../protocol/peer.ts";
import { GoodbyeReason } from "../../protocol/wire.ts";
import type { ViewerConnection } from "../deliver/viewer-host.ts";
import type { DoorGuest } from "./tcp.ts";

/** The time that a refused connection gets to read its Goodbye. */
const REFUSAL_TIMEOUT_MS = 1_000;
/**
 * The most refused connections that are open for this at the same time. Each needs an open file. Further ones are closed without
 * a Goodbye.
 */
const MAX_TURNED_AWAY = 8;
/** The rate of refused connections that get a Goodbye. It is limited, because with TLS each costs a handshake. */
const FAREWELLS: BucketRate = { perSecond: 20, burst: 20 };

export class TurnedAway {
  /** The number of refused connections that have time to read their Goodbye. */
  #open = 0;
  readonly #farewells = new TokenBucket(FAREWELLS, nowMicros());

  /** Whether a connection that is refused now would get a Goodbye. */
  hasGoodbye(now: Micros): boolean {
    return this.#open < MAX_TURNED_AWAY && !this.#farewells.isEmpty(now);
  }

  /** Ends a connection. If it gets a Goodbye, the result takes its events. */
  turnAway(connection: ViewerConnection, text: string, now: Micros): DoorGuest | null {
    if (this.#open >= MAX_TURNED_AWAY || !this.#farewells.take(now)) {
      connection.abort();
      return null;
    }
    this.#open++;
    connection.write(writeGoodbye({ reason: GoodbyeReason.full, text }));
    connection.end();
    let isOpen = true;
    const closed = () => {
      if (isOpen) this.#open--;
      isOpen = false;
    };
    setTimeout(() => {
      connection.abort();
      closed(); // the door passes on no events of a connection that has ended inside `connect`
    }, REFUSAL_TIMEOUT_MS).unref();
    let lateBytes = 0;
    const receive = ({ length }: Uint8Array) => {
      lateBytes += length;
      if (lateBytes > MAX_BYTES_AFTER_GOODBYE) connection.abort();
    };
    return { receive, drained: () => undefined, closed };
  }
}
