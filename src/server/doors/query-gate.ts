// Decides which multicast DNS packets are read, and which questions are answered. Answers are larger than questions, so a server without
// limits would multiply a flood. Reading the flood would delay the frames.

import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { networkInterfaces } from "node:os";
import { type Micros, nowMicros } from "../../core/clock.ts";
import { type BucketRate, TokenBucket } from "../../core/token-bucket.ts";
import { areOnLink } from "../../protocol/on-link.ts";

/** A network has many other services, whose packets are read too. */
const PACKETS: BucketRate = { perSecond: 100, burst: 200 };
/** The same record is not multicast more than once a second (RFC 6762, 6). A viewer asks three times within a second. */
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

  /** Whether a packet is read: it comes from this network, and there are not too many. */
  admits(from: string, now: Micros): boolean {
    if (!this.#packets.take(now)) return false; // first: listing the interfaces takes longer
    const own = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
    return areOnLink([from], own);
  }

  mayAnswer(how: "multicast" | "unicast", now: Micros): boolean {
    return (how === "multicast" ? this.#multicast : this.#unicast).take(now);
  }
}

/** A socket for the package multicast-dns, which gets only the packets that the gate admits. Others are not even decoded. */
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
