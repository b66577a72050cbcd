// Followers of frames: log, trace and metrics learn when the frames of one viewer are sent, and when the viewer acknowledges them.

import type { Micros } from "../../core/clock.ts";
import type { Log } from "../../core/log.ts";
import { type Trace, TraceTrack } from "../../core/trace.ts";
import type { Ack } from "../../protocol/messages.ts";

/** A frame on its way to one viewer, with its times in the server's clock. */
export interface FrameOnItsWay {
  readonly frameNumber: number;
  /** The number of bytes that were sent. */
  readonly bytes: number;
  readonly capturedAt: Micros;
  /** The time when the frame was encoded completely. */
  readonly encodedAt: Micros;
  /** The time when the first bytes were sent. If the frame is sent in parts, it is before `encodedAt`. */
  readonly sentAt: Micros;
}

/** An acknowledgement with its time of arrival. */
export interface FrameAck extends Ack {
  now: Micros;
  roundTripMicros: Micros;
}

/** Follows the frames of one viewer. The calls for a frame come in the order of the methods. */
export interface FrameFollower {
  /** Called when the whole frame was sent. Some bytes may still wait in the outbox. */
  sent(frame: FrameOnItsWay): void;
  /** Called when the kernel has accepted the last byte of the frame. It is not called if a newer frame came first. */
  left?(frame: FrameOnItsWay, now: Micros): void;
  acknowledged(frame: FrameOnItsWay, ack: FrameAck): void;
}

export interface FollowedViewer {
  /** The address of the viewer, as text for people. */
  address: string;
  log: Log;
  trace: Trace | null;
  /** The follower of all viewers of the same door, or null. */
  ofDoor: FrameFollower | null;
}

/** Returns the follower of a viewer's frames, or null for none. Then nothing is called, so frames without followers cost no time. */
export function followFrames({ address, log, trace, ofDoor }: FollowedViewer): FrameFollower | null {
  const track = trace === null ? null : new TraceTrack(trace, `viewer ${address}`);
  const isLogged = log.isEnabledFor("debug");
  return combine([
    ...(isLogged || track !== null ? [new FrameLog(address, isLogged ? log : null, track)] : []),
    ...(ofDoor === null ? [] : [ofDoor]),
  ]);
}

function combine(followers: readonly FrameFollower[]): FrameFollower | null {
  const [first] = followers;
  if (first === undefined || followers.length === 1) return first ?? null;
  return {
    sent: (frame) => {
      for (const each of followers) each.sent(frame);
    },
    left: (frame, now) => {
      for (const each of followers) each.left?.(frame, now);
    },
    acknowledged: (frame, ack) => {
      for (const each of followers) each.acknowledged(frame, ack);
    },
  };
}

/** The times when a shown frame was received completely and when it was shown, estimated in the server's clock. */
export function estimateShown({ sentAt }: FrameOnItsWay, { now, roundTripMicros, transferMicros }: FrameAck) {
  // The acknowledgement needs about half a round trip, and so does the first byte of the frame.
  const shownAt = Math.max(sentAt, now - roundTripMicros / 2);
  const receivedAt = Math.min(shownAt, sentAt + roundTripMicros / 2 + transferMicros);
  return { receivedAt, shownAt };
}

/** Writes the frames of one viewer to the log and the trace. */
class FrameLog implements FrameFollower {
  /** The address of the viewer, as text for people. */
  readonly #address: string;
  /** The log for debug lines. Null when it is off. */
  readonly #log: Log | null;
  readonly #track: TraceTrack | null;

  constructor(address: string, log: Log | null, track: TraceTrack | null) {
    this.#address = address;
    this.#log = log;
    this.#track = track;
  }

  sent({ frameNumber, bytes }: FrameOnItsWay): void {
    this.#log?.debug(`frame ${frameNumber}: sent to viewer ${this.#address}, ${bytes} bytes`);
  }

  left({ frameNumber, sentAt }: FrameOnItsWay, now: Micros): void {
    this.#track?.span("send", sentAt, now, { frame: frameNumber });
  }

  acknowledged(frame: FrameOnItsWay, ack: FrameAck): void {
    const { frameNumber, outcome, transferMicros, workMicros } = ack;
    this.#log?.debug(`frame ${frameNumber}: ${outcome} by viewer ${this.#address}`);
    if (this.#track === null || outcome !== "shown") return;
    const { receivedAt, shownAt } = estimateShown(frame, ack);
    const fields = { frame: frameNumber, transferMicros, workMicros };
    this.#track.below("transfer").span("transfer", frame.sentAt, receivedAt, fields);
    this.#track.below("work").span("decode and show", receivedAt, shownAt, fields);
  }
}
