// Decides which multicast DNS packets are read, and which questions are answered. Without limits, a server would amplify a flood
// of questions, because answers are larger, and reading the flood would delay frames.

import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { networkInterfaces } from "node:os";
import { type Micros, nowMicros } from "../../core/clock.ts";
import { type BucketRate, TokenBucket } from "../../core/token-bucket.ts";
import { areOnLink } from "../../protocol/on-link.ts";

/** The limit of packets that are read. It is not lower, because the packets of other services in the network count too. */
const PACKETS: BucketRate = { perSecond: 100, burst: 200 };
/**
 * The limit of multicast answers. The same record must not be multicast more than once a second (RFC 6762, 6). The burst is for
 * viewers, which ask three times within a second.
 */
const MULTICAST: BucketRate = { perSecond: 1, burst: 2 };
const UNICAST: BucketRate = { perSecond: 10, burst: 20 };

export class QueryGate {
  readonly #packets: TokenBucket;
  readonly #multicast: TokenBucket;
  readonly #unicast: TokenBucket;

  constructor(now: Micros) {
    this.#packets = new TokenBucket(PACKETS, now);
    this.#multicast = new TokenBucket(MULTICAST, now);
    this.#unicast = new TokenBucket(UNICAST, now);
  }

  /** Returns whether to read a packet: it must come from this network, and there must not be too many. */
  admits(from: string, now: Micros): boolean {
    if (!this.#packets.take(now)) return false; // this comes first, because listing the interfaces takes longer
    const own = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
    return areOnLink([from], own);
  }

  mayAnswer(how: "multicast" | "unicast", now: Micros): boolean {
    return (how === "multicast" ? this.#multicast : this.#unicast).take(now);
  }
}

/**
 * Opens a socket for the package multicast-dns. The package gets only the packets that the gate admits, so others are not
 * decoded.
 */
export function openGatedSocket(gate: QueryGate): Socket {
  const socket = createSocket({ type: "udp4", reuseAddr: true });
  const emit = socket.emit.bind(socket) as (event: string | symbol, ...values: unknown[]) => boolean;
  const gated = (event: string | symbol, ...values: unknown[]): boolean => {
    const [, from] = values as [unknown, RemoteInfo];
    if (event === "message" && !gate.admits(from.address, nowMicros())) return false;
    return emit(event, ...values);
  };
  socket.emit = gated as Socket["emit"];
  return socket;
}
