// Writes the steps of one frame as spans of a trace: the server's steps, converted to this machine's clock, and the viewer's
// steps.

import type { Micros } from "../core/clock.ts";
import type { Trace } from "../core/trace.ts";
import type { DecodedPicture } from "./picture.ts";

/**
 * Writes the spans of a frame that was shown: encode (from its capture on), send, transfer, wait for older frames, decode, wait
 * for the screen, show. The server's spans are left out while the offset between the clocks is unknown.
 */
export function traceFrame(
  trace: Trace,
  track: string,
  picture: DecodedPicture,
  { startedAt, shownAt }: { startedAt: Micros; shownAt: Micros },
): void {
  const { received, decodedAt, workMicros } = picture;
  const { frameNumber, firstByteAt, lastByteAt, origin } = received;
  const fields = { frame: frameNumber, bytes: received.bytes };
  if (origin.clock.ageMicros(received.capturedAt, shownAt) !== null) {
    const capturedAt = origin.clock.toOwnClock(received.capturedAt);
    const encodedAt = origin.clock.toOwnClock(received.encodedAt);
    const sentAt = origin.clock.toOwnClock(received.sentAt);
    trace.span(track, "encode", capturedAt, encodedAt, fields);
    trace.span(track, "send", encodedAt, sentAt, fields);
    trace.span(track, "transfer", sentAt, lastByteAt, fields);
  } else {
    trace.span(track, "transfer", firstByteAt, lastByteAt, fields);
  }
  const decodeFrom = Math.max(lastByteAt, decodedAt - workMicros);
  if (decodeFrom > lastByteAt) trace.span(track, "wait", lastByteAt, decodeFrom, fields);
  trace.span(track, "decode", decodeFrom, decodedAt, fields);
  if (startedAt > decodedAt) trace.span(track, "wait", decodedAt, startedAt, fields);
  trace.span(track, "show", startedAt, shownAt, fields);
}
