// Writes whole pictures to the trace.

import type { TraceTrack } from "../../core/trace.ts";
import type { EncodedPicture } from "../picture.ts";

/** Whole pictures have their own track, because they may be encoded at the same time as other frames. */
export function tracePicture(track: TraceTrack, picture: EncodedPicture): void {
  const { frameNumber, capturedAt, encodedAt, isPassedOn, jpegBytes } = picture;
  const fields = { frame: frameNumber, bytes: jpegBytes };
  track.below("whole pictures").span(isPassedOn ? "pass on" : "wait and encode", capturedAt, encodedAt, fields);
}
