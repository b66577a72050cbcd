// Walks through the structure of one picture, from SOI to its end, as its bytes arrive (ITU-T T.81, annex B).
//
// A segment counts as whole when a marker follows it at the place that its length gives, or when its content proves the length. Otherwise
// the walk searches for the next whole segment, and the bytes between are left out of the picture.
//
// A whole picture inside a segment is a thumbnail, or it is the next frame and the length of the segment is wrong. Its size shows which:
// the frames of a stream have one size, and a thumbnail has another size than its picture.

import { type FoundFrame, FrameFinder, sizeKeyAt } from "./frame-finder.ts";
import {
  EOI,
  hasSegment,
  holdsAnything,
  isFrameHeader,
  isMarkerAt,
  isPictureStart,
  isPossibleLength,
  isProgressive,
  isStandalone,
  provesItsLength,
  SOI,
  SOS,
  twoBytes,
} from "./markers.ts";

/**
 * What `advance` found:
 * - `more`: the picture goes on behind the bytes that are there.
 * - `whole`: it ends with its EOI, at `end`.
 * - `cut`: it has no EOI, and ends at `end`, where the next picture begins.
 * - `unusable`: there is no picture to show before `end`.
 * - `frames inside`: there is no picture to show, and the next frame begins at `end`.
 */
export type Progress = "more" | "whole" | "cut" | "unusable" | "frames inside";

type State =
  /** A marker is expected. */
  | "marker"
  /** A length says where a segment ends, and that place is not there yet. */
  | "claim"
  /** The next segment is searched for. */
  | "search"
  | "scan";

/** Where bytes are missing or added in a segment, the next one begins near the place where its length says. */
const NEAR_BYTES = 64;
/** A segment is searched for within so many bytes. */
const MAX_SEARCH_BYTES = 128 * 1024;

/** What all pictures of a stream share. */
export class StreamFacts {
  /** The size of the newest whole picture, as `sizeKey` of a walk; 0 = not known. */
  sizeKey = 0;
  readonly finder = new FrameFinder();
}

export class PictureWalk {
  readonly #stream: StreamFacts;
  /** The walk was begun by the search of another one: it only follows what can be believed. */
  readonly #isInner: boolean;
  #hasSoi = true;
  /** Where the picture begins. */
  start: number;
  /** Where it ends, or the next one begins; known when `advance` does not say `more`. */
  end = 0;
  /** Width and height as one number; 0 before the frame header. */
  sizeKey = 0;
  /** A segment was believed, or begins right behind SOI. Otherwise SOI was there by chance. */
  isPicture = false;
  hasScan = false;
  /** Begin and end of each part that is left out, in pairs. All lie before the last scan. */
  readonly gaps: number[] = [];
  #state: State = "marker";
  #at: number;

  #isProgressive = false;
  #components = 0;
  #scannedComponents = 0;

  #claimEnd = 0;
  #isLookedInto = false;
  /** The state to go back to when the claim is wrong. */
  #claimedIn: "marker" | "search" | "scan" = "marker";
  /** Where the structure was lost, and where the last segment ends by its own length, if that can be kept; -1 = not lost. */
  #lostAt = -1;
  #keptEnd = -1;
  #searchFrom = 0;
  /** Up to here only segments are searched for, before the search begins again at `#lostAt`; -1 = it has begun. */
  #nearEnd = -1;

  /** The picture at which the search has arrived. */
  #inner: PictureWalk | null = null;
  /** The pictures of one size in a row that the search has passed, of which the first one may be the next frame. */
  #passed: { first: PictureWalk; count: number } | null = null;

  /** `start` is the place of an SOI. */
  constructor(start: number, stream: StreamFacts, isInner = false) {
    this.start = start;
    this.#at = start + 2;
    this.#stream = stream;
    this.#isInner = isInner;
  }

  /**
   * Walks through bytes that do not begin with SOI: they belong to no picture, or to one that has lost its SOI. Such a picture is not
   * shown, but what is inside of it is not taken for a picture.
   */
  static withoutSoi(start: number, stream: StreamFacts): PictureWalk {
    const walk = new PictureWalk(start, stream);
    walk.#hasSoi = false;
    walk.#lose(start);
    return walk;
  }

  /** Whether there is a picture to show, whole or cut. */
  get isUsable(): boolean {
    return this.#hasSoi && this.hasScan && this.sizeKey !== 0;
  }

  /** What the bytes so far end in. */
  get inside(): "nothing" | "header" | "scan" {
    if (this.#state === "scan") return "scan";
    return this.#inner?.inside ?? (this.isPicture ? "header" : "nothing");
  }

  /**
   * Goes on as far as there are bytes; what lies behind `length` is undefined. With `isLast` no bytes will follow, and the answer is
   * never `more`.
   */
  advance(bytes: Uint8Array, length: number, isLast = false): Progress {
    for (;;) {
      const progress = this.#step(bytes, length, isLast);
      if (progress === null) continue;
      if (progress !== "more" || !isLast) return progress;
      if (this.#state === "claim") this.#refuse();
      else if (this.#nearEnd >= 0) this.#searchAgain();
      else if (this.#passed !== null && !this.isPicture) return this.#endAt(this.#passed.first.start, "frames inside");
      else return this.#endAt(length, this.hasScan ? "cut" : "unusable");
    }
  }

  /** The bytes were moved towards the start by `count`. */
  shift(count: number): void {
    this.start -= count;
    this.#at -= count;
    this.#claimEnd -= count;
    this.#searchFrom -= count;
    if (this.#lostAt >= 0) this.#lostAt -= count;
    if (this.#keptEnd >= 0) this.#keptEnd -= count;
    if (this.#nearEnd >= 0) this.#nearEnd -= count;
    for (const [index, place] of this.gaps.entries()) this.gaps[index] = place - count;
    this.#inner?.shift(count);
    this.#passed?.first.shift(count);
  }

  /** Makes one step. Null: there may be another one. */
  #step(bytes: Uint8Array, length: number, isLast: boolean): Progress | null {
    switch (this.#state) {
      case "marker":
        return this.#readMarker(bytes, length);
      case "claim":
        return this.#checkClaim(bytes, length);
      case "search":
        if (this.#isInner) return this.#endAt(this.start + 2, "unusable");
        return this.#inner === null ? this.#search(bytes, length) : this.#followInner(bytes, length, isLast);
      case "scan":
        return this.#readScan(bytes, length);
    }
  }

  #endAt(end: number, progress: Progress): Progress {
    this.end = end;
    return progress;
  }

  #readMarker(bytes: Uint8Array, length: number): Progress | null {
    const at = this.#at;
    if (at + 2 > length) return "more";
    const marker = bytes[at + 1] as number;
    if (bytes[at] === 0xff && hasSegment(marker)) {
      this.isPicture = true;
      return this.#claim(bytes, length, "marker");
    }
    if (bytes[at] !== 0xff) this.#lose(at);
    else if (marker === 0xff) this.#at++;
    else if (marker === EOI) return this.#endAt(at + 2, this.hasScan ? "whole" : "unusable");
    else if (isStandalone(marker)) this.#at += 2;
    else this.#lose(at);
    return null;
  }

  /** The structure is lost at `at`. The last segment may be kept up to `keptEnd`. */
  #lose(at: number, keptEnd = at): void {
    this.#lostAt = this.#searchFrom = at;
    this.#keptEnd = keptEnd;
    this.#nearEnd = -1;
    this.#at = at;
    this.#state = "search";
  }

  /** Reads the length of the segment at `#at`. */
  #claim(bytes: Uint8Array, length: number, state: "marker" | "search" | "scan"): Progress | null {
    const at = this.#at;
    if (at + 5 > length) return "more";
    const marker = bytes[at + 1] as number;
    const segmentLength = twoBytes(bytes, at + 2);
    const end = at + 2 + segmentLength;
    const isPossible = isPossibleLength(marker, segmentLength);
    if (isPossible && marker === SOS && end > length) return "more";
    this.#claimedIn = state;
    this.#claimEnd = end;
    if (!isPossible || (marker === SOS && !isScanHeader(bytes, at, end))) {
      this.#claimEnd = at;
      this.#refuse();
    } else if (marker === SOS && this.#nearEnd >= 0 && this.#stream.finder.leadsTo(bytes, this.#doubtfulFrom, at)) {
      this.#searchAgain(); // it belongs to a picture inside
    } else if (marker === SOS) {
      this.#closeGap(at);
      this.isPicture = true;
      this.hasScan = true;
      this.#scannedComponents += bytes[at + 4] as number;
      this.#at = this.#claimEnd;
      this.#state = "scan";
    } else {
      this.#state = "claim";
      this.#isLookedInto = false;
    }
    return null;
  }

  #checkClaim(bytes: Uint8Array, length: number): Progress | null {
    // In any case, so that the result does not depend on how the bytes were cut into chunks.
    const frameAt = this.#findFrames(bytes, Math.min(length, this.#claimEnd + 2));
    if (frameAt !== null) return this.#endAt(frameAt, "frames inside");
    if (this.#claimEnd + 2 > length) return "more";
    const isRight = this.#endsAtMarker(bytes) || provesItsLength(bytes, this.#at, this.#claimEnd);
    if (isRight && !this.#holdsPictures(bytes)) {
      this.#believe(bytes);
      return null;
    }
    this.#refuse();
    const frameStart = this.#firstFrame(bytes); // now fewer are needed
    if (frameStart !== null) return this.#endAt(frameStart, "frames inside");
    return null;
  }

  /** Returns where the first frame in the claimed segment begins; null when there are no frames, but thumbnails. */
  #findFrames(bytes: Uint8Array, length: number): number | null {
    const { finder } = this.#stream;
    // Only when there is another frame, so that the result does not depend on chunks here either.
    while (!this.#isLookedInto || finder.findNext(bytes, this.#doubtfulFrom, length)) {
      this.#isLookedInto = true;
      const start = this.#firstFrame(bytes);
      if (start !== null) return start;
    }
    return null;
  }

  /** Returns where the first frame begins, when there are as many pictures as are needed to be sure. */
  #firstFrame(bytes: Uint8Array): number | null {
    const { finder, sizeKey: known } = this.#stream;
    const found = finder.found(this.#doubtfulFrom, this.#claimEnd);
    const newest = found.at(-1);
    if (newest === undefined) return null;
    const rightSize = known === 0 ? newest.sizeKey : known;
    const frames = found.filter(
      (frame) => frame.sizeKey === rightSize && (known !== 0 || !finder.isCovered(bytes, frame, newest.headerAt)),
    );
    const isEnough = frames.length >= this.#framesNeeded(bytes[this.#at + 1] as number);
    return isEnough ? (frames[0] as FoundFrame).start : null;
  }

  /** As many pictures of the right size in the claimed segment are frames. */
  #framesNeeded(marker: number): number {
    const isDoubtful = this.#isInner || this.hasScan || this.#lostAt >= 0 || !holdsAnything(marker);
    const isSizeKnown = this.#stream.sizeKey !== 0;
    return 1 + (isDoubtful ? 0 : 1) + (isSizeKnown ? 0 : 1);
  }

  /** What lies in front of this place is not in doubt. */
  get #doubtfulFrom(): number {
    return this.#lostAt >= 0 ? this.#lostAt + 1 : this.#at + 2;
  }

  /** Whether the marker at the end belongs to a picture inside, or there is a picture where none can be. */
  #holdsPictures(bytes: Uint8Array): boolean {
    const { finder } = this.#stream;
    if (!holdsAnything(bytes[this.#at + 1] as number) && finder.hasStart(bytes, this.#at + 2, this.#claimEnd))
      return true;
    return finder.leadsTo(bytes, this.#doubtfulFrom, this.#claimEnd);
  }

  #endsAtMarker(bytes: Uint8Array): boolean {
    const isEoi = bytes[this.#claimEnd + 1] === EOI;
    return isMarkerAt(bytes, this.#claimEnd) && (this.hasScan || !isEoi);
  }

  /** Nothing is near: searches from the place where the structure was lost. */
  #searchAgain(): void {
    if (this.#nearEnd < 0) return;
    this.#nearEnd = -1;
    this.#at = this.#lostAt + 2;
  }

  #believe(bytes: Uint8Array): void {
    const at = this.#at;
    const marker = bytes[at + 1] as number;
    if (isFrameHeader(marker) && this.sizeKey === 0) {
      this.sizeKey = sizeKeyAt(bytes, at);
      this.#components = bytes[at + 9] as number;
      this.#isProgressive = isProgressive(marker);
    }
    this.#closeGap(at);
    this.isPicture = true;
    this.#at = this.#claimEnd;
    this.#passed = null;
    this.#state = "marker";
  }

  /** The length or the marker at `#at` is wrong. */
  #refuse(): void {
    const at = this.#at;
    this.#state = this.#claimedIn;
    this.#at = at + 2;
    if (this.#claimedIn !== "marker") return;
    this.#lose(at, this.#claimEnd);
    this.#at = Math.max(at + 2, this.#claimEnd - NEAR_BYTES);
    this.#nearEnd = this.#claimEnd + NEAR_BYTES;
  }

  /** Leaves out what lies between the last segment and the one at `at`. */
  #closeGap(at: number): void {
    if (this.#lostAt < 0) return;
    const from = this.#keptEnd <= at ? this.#keptEnd : this.#lostAt;
    if (at > from) this.gaps.push(from, at);
    this.#lostAt = -1;
    this.#nearEnd = -1;
  }

  #search(bytes: Uint8Array, length: number): Progress | null {
    const farthest = this.#searchFrom + MAX_SEARCH_BYTES;
    let at = this.#at;
    for (;;) {
      const ff = bytes.indexOf(0xff, at);
      this.#at = at = ff < 0 || ff > length ? length : ff;
      if (this.#nearEnd >= 0 && at >= this.#nearEnd) {
        this.#searchAgain();
        at = this.#at;
        continue;
      }
      if (at > farthest) return this.#endAt(farthest, "unusable");
      if (at + 2 > length) return "more";
      const marker = bytes[at + 1] as number;
      if (marker === 0xff) at++;
      else if (hasSegment(marker)) return this.#claim(bytes, length, "search");
      else if (this.#nearEnd >= 0) {
        if (marker === SOI) {
          this.#searchAgain(); // what comes next may belong to that picture
          at = this.#at;
        } else at += 2;
      } else if (marker === EOI) {
        if (this.#passed !== null && !this.isPicture) return this.#endAt(this.#passed.first.start, "frames inside");
        return this.#endAt(at + 2, this.hasScan ? "whole" : "unusable");
      } else if (marker === SOI) {
        if (at + 4 > length) return "more";
        const isStart = isPictureStart(bytes, at);
        if (!this.#hasSoi && !this.isPicture && (!isStart || this.#stream.sizeKey === 0))
          return this.#endAt(at, "unusable");
        if (!isStart) at += 2;
        else if (this.hasScan) return this.#endAt(at, "cut");
        else {
          this.#inner = new PictureWalk(at, this.#stream, true);
          return null;
        }
      } else at += 2;
    }
  }

  /** Follows an inner picture where the structure is lost: it is the next frame, or a thumbnail in what was a segment. */
  #followInner(bytes: Uint8Array, length: number, isLast: boolean): Progress | null {
    const inner = this.#inner as PictureWalk;
    const progress = inner.advance(bytes, length, isLast);
    const { sizeKey } = inner;
    if (sizeKey !== 0) {
      if (sizeKey === this.#stream.sizeKey) return this.#endAt(inner.start, "frames inside");
      // Only where the size of the frames is not known, or changes.
      const { first, count } = this.#passed ?? { first: inner, count: 0 };
      const needed = this.#stream.sizeKey === 0 ? 1 : 2;
      if (first.sizeKey === sizeKey && count >= needed) return this.#endAt(first.start, "frames inside");
    }
    if (progress === "more") return "more";
    if (progress === "frames inside") return this.#endAt(inner.end, progress);
    this.#searchFrom = this.#at = inner.end;
    this.#inner = null;
    if (progress === "whole" || progress === "cut") {
      const isAlike = this.#passed?.first.sizeKey === sizeKey;
      this.#passed =
        this.#passed !== null && isAlike
          ? { ...this.#passed, count: this.#passed.count + 1 }
          : { first: inner, count: 1 };
    }
    return null;
  }

  #readScan(bytes: Uint8Array, length: number): Progress | null {
    let at = this.#at;
    while (at + 2 <= length) {
      // What lies behind `length` is from earlier pictures. Searching it too costs less than a view for each FF.
      const ff = bytes.indexOf(0xff, at);
      at = ff < 0 || ff > length ? length : ff;
      if (at + 2 > length) break;
      const next = bytes[at + 1] as number;
      // In entropy-coded data FF is followed by 00 or is a marker (T.81 B.1.1.5). RSTn belong to the scan.
      if (next < 0xc0 || (next >= 0xd0 && next <= 0xd7)) at += 2;
      else if (next === 0xff) at += 1;
      else if (next === EOI) return this.#endAt(at + 2, "whole");
      else if (next === SOI) {
        if (at + 4 > length) break;
        if (isPictureStart(bytes, at)) return this.#endAt(at, "cut");
        at += 2;
      } else if (this.#mayHaveMoreScans) {
        this.#at = at;
        return this.#claim(bytes, length, "scan");
      } else at += 2;
    }
    this.#at = at;
    return "more";
  }

  /** A progressive picture has several scans, and so has a sequential one whose components have one each (T.81 B.2.3). */
  get #mayHaveMoreScans(): boolean {
    return this.#isProgressive || this.#scannedComponents < this.#components || this.#components === 0;
  }
}

/** Whether an SOS has as many components as its length says, and does not run into other markers: its parameters are small numbers. */
function isScanHeader(bytes: Uint8Array, at: number, end: number): boolean {
  const ff = bytes.indexOf(0xff, at + 2);
  return end - at - 2 === 6 + 2 * (bytes[at + 4] as number) && (ff < 0 || ff >= end);
}
