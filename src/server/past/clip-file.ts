// Writes a clip of the past to a file: its frames as whole JPEGs, with their times.

import type { Micros } from "../../core/clock.ts";
import { PicturePace } from "../record/picture-pace.ts";
import { SegmentFile, wallMsOf } from "../record/segment-file.ts";
import { fileNameOf, folderNameOf } from "../record/segment-names.ts";
import type { KeptFrame } from "./kept-frame.ts";
import { KeptPicture } from "./kept-picture.ts";

/** While ffmpeg has not taken this many bytes of pictures, no further ones are made. */
const MAX_WAITING_BYTES = 2 ** 20;

/** A copy of the past at one time. */
export interface PastFrames {
  /** The frames, with the oldest first, which has all tiles. */
  frames: KeptFrame[];
  /** The time from which on pictures are kept. The first frame may be older. */
  since: Micros;
  /** The time of the copy. */
  now: Micros;
}

/** The frames of a clip. */
export interface Clip {
  /** The frames, with the oldest first, which has all tiles. Those before `first` are not shown, but the others need them. */
  frames: readonly KeptFrame[];
  /** The index of the frame that is seen at the beginning. */
  first: number;
  /** The beginning and the end of the clip. */
  from: Micros;
  to: Micros;
}

/**
 * Returns the clip of some seconds, which ended so many seconds ago, or of as much of them as is kept. It begins after the last
 * change of the picture's size, because a file has one size. Returns null if none of these seconds is kept.
 */
export function clipOf({ frames: all, since, now }: PastFrames, seconds: number, agoSeconds = 0): Clip | null {
  const to = now - agoSeconds * 1e6;
  const from = Math.max(since, to - seconds * 1e6);
  const last = all.findLastIndex(({ facts }) => facts.capturedAt <= to);
  if (to < from || last < 0) return null;
  const frames = all.slice(0, last + 1);
  const seen = frames.findLastIndex(({ facts }) => facts.capturedAt <= from);
  const resized = frames.findLastIndex((frame, index) => index > 0 && !hasSameSize(frame, frames[index - 1]));
  const first = Math.max(0, seen, resized);
  return { frames, first, from: Math.max(from, frames[first]?.facts.capturedAt ?? from), to };
}

/** Returns the file name of a clip, which has the camera and the local time of the beginning. */
export function nameOfClip(camera: string, { from }: Clip): string {
  return fileNameOf(folderNameOf(camera), wallMsOf(from), 1);
}

/**
 * Writes a clip with ffmpeg, which encodes nothing. `path` is an empty file. Resolves with the reason if it fails, or with null. When
 * `signal` aborts, the file ends early.
 */
export async function writeClip(clip: Clip, path: string, signal: AbortSignal): Promise<string | null> {
  const { frames, first, from, to } = clip;
  const [oldest] = frames;
  const beginning = frames[first];
  if (oldest === undefined || beginning === undefined) throw new Error("a clip has at least one frame");
  const file = new SegmentFile(Promise.resolve(path), beginning.facts, from);
  const picture = new KeptPicture(oldest);
  const pace = new PicturePace(MAX_WAITING_BYTES);
  for (const [index, frame] of frames.entries()) {
    if (index > 0) picture.apply(frame);
    if (index >= first) file.add(picture.jpeg().bytes, Math.max(from, frame.facts.capturedAt));
    await pace.next(file);
    if (signal.aborted) break;
  }
  return await file.end(to);
}

function hasSameSize({ facts }: KeptFrame, other: KeptFrame | undefined): boolean {
  return other?.facts.width === facts.width && other.facts.height === facts.height;
}
