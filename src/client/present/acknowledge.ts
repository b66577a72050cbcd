// Acknowledges frames that were shown, and frames that will not be shown.

import { nowMicros } from "../../core/clock.ts";
import type { DecodedPicture, ReceivedFrame } from "../picture.ts";

/** Tells the server that a frame was shown. `showMicros` is the time that screen and output needed. */
export function acknowledgeShown(picture: DecodedPicture, showMicros: number, decodeThreads: number): void {
  const { received, workMicros, busyMicros, decodedAt } = picture;
  received.origin.acknowledge({
    frameNumber: received.frameNumber,
    outcome: "shown",
    transferMicros: received.lastByteAt - received.firstByteAt,
    workMicros: workMicros + showMicros,
    paceMicros: Math.max(showMicros, busyMicros / decodeThreads),
    showMicros: nowMicros() - decodedAt,
  });
}

/** Tells the server that a frame will not be shown, so that it may send a newer one. */
export function acknowledgeDropped(frame: ReceivedFrame): void {
  frame.origin.acknowledge({
    frameNumber: frame.frameNumber,
    outcome: "dropped",
    transferMicros: frame.lastByteAt - frame.firstByteAt,
    workMicros: 0,
    paceMicros: 0,
  });
}
