// Decides whether a segment whose length may be wrong contains the next frames of the stream, or only thumbnails.

import type { FoundFrame } from "./frame-finder.ts";
import { holdsAnything, isEoiBefore } from "./markers.ts";
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
  if (known !== 0)
    return startOf(
      found.filter(({ sizeKey }) => sizeKey === known),
      framesNeeded(segment),
    );
  const alike = found.filter(
    (frame) => frame.sizeKey === newest.sizeKey && finder.cover(bytes, frame, newest.headerAt) !== "sure",
  );
  // Frames follow each other directly, but the thumbnails of one picture do not, and a picture may have two of the same size.
  if (alike.some(({ start }) => isEoiBefore(bytes, start))) return startOf(alike, 2);
  const free = alike.filter((frame) => finder.cover(bytes, frame, newest.headerAt) === "none");
  return startOf(free, framesNeeded(segment) + 2) ?? startOf(alike, framesNeeded(segment) + 3);
}

/** Returns the start of the first frame if there are enough frames, or else null. */
function startOf(frames: readonly FoundFrame[], needed: number): number | null {
  return frames.length >= needed ? (frames[0]?.start ?? null) : null;
}

/** Returns how many pictures of the right size must be inside the segment to count as frames. */
function framesNeeded({ marker, isDoubtful }: ClaimedSegment): number {
  return isDoubtful || !holdsAnything(marker) ? 1 : 2;
}

/**
 * Returns whether pictures inside the segment show that its length is wrong: the marker at its end belongs to one of them, or
 * this kind of segment cannot contain a picture. While the size of the frames is not known, a picture that follows another one
 * directly shows it, too.
 */
export function holdsPictures(bytes: Uint8Array, segment: ClaimedSegment, { finder, sizeKey }: StreamFacts): boolean {
  if (!holdsAnything(segment.marker) && finder.hasStart(bytes, segment.at + 2, segment.end)) return true;
  if (sizeKey === 0 && finder.hasNextFrame(bytes, segment.from, segment.end)) return true;
  return finder.leadsTo(bytes, segment.from, segment.end);
}
