// Walks through the structure of one picture, from SOI to its end, as its bytes arrive (ITU-T T.81, annex B).
//
// A segment is accepted when a marker follows it at the place that its length gives, or when its content proves the length.
// Otherwise the structure is lost: the walk searches for the next acceptable segment, and the bytes between are a gap, which is
// left out of the picture.
//
// A picture inside a segment is either a thumbnail or the next frame. In the second case the length of the segment is wrong. The
// size of the inner picture decides: all frames of a stream have the same size, and a thumbnail has another one.

import { type ClaimedSegment, firstFrameIn, holdsPictures } from "./claimed-segment.ts";
import { sizeKeyAt } from "./frame-finder.ts";
import { InnerPictures } from "./inner-pictures.ts";
import { LostStructure } from "./lost-structure.ts";
import {
  DRI,
  EOI,
  hasSegment,
  isFrameHeader,
  isMarkerAt,
  isPossibleLength,
  isStandalone,
  provesItsLength,
  SOS,
  twoBytes,
} from "./markers.ts";
import { followScan, isScanHeader, Scans } from "./scan.ts";
import type { StreamFacts } from "./stream-facts.ts";

/**
 * The result of `advance`:
 * - `more`: the picture goes on.
 * - `whole`: the picture ends with its EOI, at `end`.
 * - `cut`: the picture has no EOI, and the next one begins at `end`.
 * - `unusable`: no picture to show before `end`.
 * - `frames inside`: no picture to show, and the next frame begins at `end`.
 */
export type Progress = "more" | "whole" | "cut" | "unusable" | "frames inside";

type State =
  /** The walk expects a marker. */
  | "marker"
  /** The walk has read the length of a segment (its claim), but the bytes up to the end of the segment have not come yet. */
  | "claim"
  /** The structure is lost, and the walk searches for the next segment. */
  | "search"
  | "scan";

export class PictureWalk {
  readonly #stream: StreamFacts;
  /** True if the search of another walk has started this walk, at a picture inside a picture. */
  readonly #isInner: boolean;
  /** False when the picture has lost its SOI. */
  hasSoi = true;
  /** The place where the picture begins. */
  start: number;
  /** The place where the picture ends, or where the next one begins, after another result of `advance` than `more`. */
  end = 0;
  /** Width and height as one number, or 0 before the frame header. */
  sizeKey = 0;
  /** True when a segment was accepted, or begins directly after SOI. While it is false, SOI may be there by chance. */
  isPicture = false;
  hasScan = false;
  #state: State = "marker";
  #at: number;

  readonly scans = new Scans();

  #claimEnd = 0;
  #isLookedInto = false;
  /** The state to which the walk returns when the length of the segment (the claim) is wrong. */
  #claimedIn: "marker" | "search" | "scan" = "marker";
  readonly #inner: InnerPictures;
  readonly #lost: LostStructure;

  /** `start` is the place of an SOI. */
  constructor(start: number, stream: StreamFacts, isInner = false) {
    this.start = start;
    this.#at = start + 2;
    this.#stream = stream;
    this.#isInner = isInner;
    this.#inner = new InnerPictures(stream, (at) => new PictureWalk(at, stream, true));
    this.#lost = new LostStructure(this.#inner, stream);
  }

  /**
   * Walks through bytes that do not begin with SOI. They may be the rest of a picture that has lost its SOI. That picture is not
   * shown, but the walk follows it, so that its thumbnail is not taken for a picture.
   */
  static withoutSoi(start: number, stream: StreamFacts): PictureWalk {
    const walk = new PictureWalk(start, stream);
    walk.hasSoi = false;
    walk.#lose(start);
    return walk;
  }

  /** The start and the end of each gap, in pairs. All gaps lie before the last scan. */
  get gaps(): readonly number[] {
    return this.#lost.gaps;
  }

  /** Whether the picture can be shown, complete or cut. */
  get isUsable(): boolean {
    return this.hasSoi && this.hasScan && this.sizeKey !== 0;
  }

  /** Tells where the bytes so far end: in the header of a JPEG, in its scan, or outside of any JPEG. */
  get inside(): "nothing" | "header" | "scan" {
    if (this.#state === "scan") return "scan";
    return this.#inner.inside ?? (this.isPicture ? "header" : "nothing");
  }

  /**
   * Goes on through the bytes before `length`. The bytes after it are undefined. With `isLast` no bytes will follow, and the
   * result is never `more`.
   */
  advance(bytes: Uint8Array, length: number, isLast = false): Progress {
    for (;;) {
      const progress = this.#step(bytes, length, isLast);
      if (progress === null) continue;
      if (progress !== "more" || !isLast) return progress;
      if (this.#state === "claim") this.#refuse(bytes, length);
      else if (this.#lost.isNear) this.#at = this.#lost.beginAgain();
      else if (this.#inner.passedAt !== null && !this.isPicture)
        return this.#endAt(this.#inner.passedAt, "frames inside");
      else return this.#endAt(length, this.hasScan ? "cut" : "unusable");
    }
  }

  /** Adapts all places, because the caller has moved the bytes towards the start of the buffer by `count`. */
  shift(count: number): void {
    this.start -= count;
    this.#at -= count;
    this.#claimEnd -= count;
    this.#lost.shift(count);
    this.scans.shift(count);
  }

  /** Makes one step. Null means that another step may be possible. */
  #step(bytes: Uint8Array, length: number, isLast: boolean): Progress | null {
    switch (this.#state) {
      case "marker":
        return this.#readMarker(bytes, length);
      case "claim":
        return this.#checkClaim(bytes, length);
      case "search":
        return this.#isInner ? this.#endAt(this.start + 2, "unusable") : this.#search(bytes, length, isLast);
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

  #lose(at: number, keptEnd = at): void {
    this.#lost.begin(at, keptEnd);
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
      this.#refuse(bytes, length);
    } else if (marker === SOS && this.#lost.isNear && this.#stream.finder.leadsTo(bytes, this.#doubtfulFrom, at)) {
      this.#at = this.#lost.beginAgain(); // the marker belongs to an inner picture
    } else if (marker === SOS) {
      this.#lost.end(at);
      this.isPicture = true;
      this.hasScan = true;
      this.scans.beginScan(bytes, at);
      this.#at = this.#claimEnd;
      this.#state = "scan";
    } else {
      this.#state = "claim";
      this.#isLookedInto = false;
    }
    return null;
  }

  #checkClaim(bytes: Uint8Array, length: number): Progress | null {
    // This is done even if the end of the segment has not come, so that the result does not depend on how the stream is cut into
    // chunks.
    const frameAt = this.#findFrames(bytes, Math.min(length, this.#claimEnd + 2));
    if (frameAt !== null) return this.#endAt(frameAt, "frames inside");
    if (this.#claimEnd + 2 > length) return "more";
    const isRight = this.#endsAtMarker(bytes) || provesItsLength(bytes, this.#at, this.#claimEnd);
    if (isRight && !holdsPictures(bytes, this.#claimedSegment(bytes), this.#stream)) {
      this.#believe(bytes);
      return null;
    }
    this.#refuse(bytes, length);
    const frameStart = this.#firstFrame(bytes); // the length is wrong, so fewer pictures suffice now
    if (frameStart !== null) return this.#endAt(frameStart, "frames inside");
    return null;
  }

  /**
   * Returns the start of the first frame inside the segment, or null if the pictures inside it are thumbnails or there are none.
   */
  #findFrames(bytes: Uint8Array, length: number): number | null {
    const { finder } = this.#stream;
    // The check is repeated for each found frame, so that the result does not depend on chunks here either.
    while (!this.#isLookedInto || finder.findNext(bytes, this.#doubtfulFrom, length)) {
      this.#isLookedInto = true;
      const start = this.#firstFrame(bytes);
      if (start !== null) return start;
    }
    return null;
  }

  #firstFrame(bytes: Uint8Array): number | null {
    return firstFrameIn(bytes, this.#claimedSegment(bytes), this.#stream);
  }

  #claimedSegment(bytes: Uint8Array): ClaimedSegment {
    const marker = bytes[this.#at + 1] as number;
    const isDoubtful = this.#isInner || this.hasScan || this.#lost.at >= 0;
    return { marker, at: this.#at, from: this.#doubtfulFrom, end: this.#claimEnd, isDoubtful };
  }

  /** The place from which the structure is in doubt. */
  get #doubtfulFrom(): number {
    return this.#lost.at >= 0 ? this.#lost.at + 1 : this.#at + 2;
  }

  #endsAtMarker(bytes: Uint8Array): boolean {
    const isEoi = bytes[this.#claimEnd + 1] === EOI;
    return isMarkerAt(bytes, this.#claimEnd) && (this.hasScan || !isEoi);
  }

  #believe(bytes: Uint8Array): void {
    const at = this.#at;
    const marker = bytes[at + 1] as number;
    if (isFrameHeader(marker) && this.sizeKey === 0) {
      this.sizeKey = sizeKeyAt(bytes, at);
      this.scans.beginFrame(bytes, at);
    } else if (marker === DRI) this.scans.setInterval(at);
    this.#lost.end(at);
    this.isPicture = true;
    this.#at = this.#claimEnd;
    this.#inner.forgetPassed();
    this.#state = "marker";
  }

  /** Rejects the segment at `#at`, because its length or its marker is wrong. */
  #refuse(bytes: Uint8Array, length: number): void {
    const at = this.#at;
    this.#state = this.#claimedIn;
    this.#at = at + 2;
    if (this.#claimedIn !== "marker") return;
    this.#lose(at, this.#claimEnd);
    const { finder, sizeKey } = this.#stream; // below: the end is in another picture
    if (sizeKey === 0 && finder.hasNextFrame(bytes, at, Math.min(this.#claimEnd, length - 2))) return;
    this.#at = this.#lost.beginNear(this.#claimEnd);
  }

  #search(bytes: Uint8Array, length: number, isLast: boolean): Progress | null {
    const { at, found } = this.#lost.find(bytes, length, this.#at, this, isLast);
    this.#at = at;
    if (found === "segment") return this.#claim(bytes, length, "search");
    return found === "more" ? "more" : this.#endAt(at, found);
  }

  #readScan(bytes: Uint8Array, length: number): Progress | null {
    const { at, found } = followScan(bytes, this.#at, length, this.scans);
    this.#at = at;
    if (found === "segment") return this.#claim(bytes, length, "scan");
    return found === "more" ? "more" : this.#endAt(at, found);
  }
}
