// Decides whether a segment whose length may be wrong contains the next frames of the stream, or only thumbnails.

import type { FoundFrame } from "./frame-finder.ts";
import { holdsAnything } from "./markers.ts";
import type { StreamFacts } from "./stream-facts.ts";

export interface ClaimedSegment {
  marker: number;
  /** The place of the marker. */
  at: number;
  /** The place from which the structure is in doubt. */
  from: number;
  /** The end of the segment by its declared length. */
  end: number;
  /** Whether the structure was lost before the segment, or no segment is expected there. */
  isDoubtful: boolean;
}

/**
 * Returns the start of the first frame inside the segment, or null if there are too few pictures of the right size to be sure.
 */
export function firstFrameIn(
  bytes: Uint8Array,
  segment: ClaimedSegment,
  { finder, sizeKey: known }: StreamFacts,
): number | null {
  const found = finder.found(segment.from, segment.end);
  const newest = found.at(-1);
  if (newest === undefined) return null;
  const rightSize = known === 0 ? newest.sizeKey : known;
  const frames = found.filter(
    (frame) => frame.sizeKey === rightSize && (known !== 0 || !finder.isCovered(bytes, frame, newest.headerAt)),
  );
  const isEnough = frames.length >= framesNeeded(segment, known !== 0);
  return isEnough ? (frames[0] as FoundFrame).start : null;
}

/** Returns how many pictures of the right size must be inside the segment to count as frames. */
function framesNeeded({ marker, isDoubtful }: ClaimedSegment, isSizeKnown: boolean): number {
  return 1 + (isDoubtful || !holdsAnything(marker) ? 0 : 1) + (isSizeKnown ? 0 : 1);
}

/**
 * Returns whether pictures inside the segment show that its length is wrong: the marker at its end belongs to one of them, or
 * this kind of segment cannot contain a picture.
 */
export function holdsPictures(bytes: Uint8Array, segment: ClaimedSegment, { finder }: StreamFacts): boolean {
  if (!holdsAnything(segment.marker) && finder.hasStart(bytes, segment.at + 2, segment.end)) return true;
  return finder.leadsTo(bytes, segment.from, segment.end);
}
