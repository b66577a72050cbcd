// The origin of received frames: a connection to a server, where they are acknowledged, and the times of their arrival.

import type { Micros } from "../core/clock.ts";
import type { ClockOffset } from "./clock-offset.ts";
import type { Ack } from "./messages.ts";

/** The number of bytes of a frame, and the times of their arrival in this machine's clock. */
export interface Arrival {
  firstByteAt: Micros;
  lastByteAt: Micros;
  messageBytes: number;
}

/** The origin of frames: a connection to a server. Frame numbers of two origins cannot be compared. */
export interface Origin {
  /** Acknowledges a frame, so that the server may send the next one. */
  acknowledge(ack: Ack): void;
  /** The offset of the server's clock. */
  readonly clock: ClockOffset;
}
