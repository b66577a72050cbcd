// The state of a walk (picture-walk.ts) that has lost the structure of its picture: the search for the next segment, and the gap
// that the search leaves in the picture.

import type { InnerPictures } from "./inner-pictures.ts";
import { EOI, hasSegment, isPictureStart, SOI } from "./markers.ts";
import type { Progress } from "./picture-walk.ts";
import type { StreamFacts } from "./stream-facts.ts";

/**
 * The search begins this far before the end of a segment, as the segment's length gives it, and first covers as many bytes after it.
 * If only a few bytes of the segment are missing or added, the next segment begins near there.
 */
const NEAR_BYTES = 64;
/** The search gives up after this many bytes. */
const MAX_SEARCH_BYTES = 128 * 1024;

/** What the search needs to know about the walk's picture. */
export interface SearchingWalk {
  readonly hasSoi: boolean;
  readonly isPicture: boolean;
  readonly hasScan: boolean;
}

/**
 * The result of `find`: a segment may begin at the returned place, or the search goes on there when more bytes have come, or the
 * picture ends there.
 */
export interface Found {
  found: "segment" | Progress;
  at: number;
}

export class LostStructure {
  readonly #inner: InnerPictures;
  readonly #stream: StreamFacts;
  /** The start and the end of each gap, in pairs. */
  readonly gaps: number[] = [];
  /**
   * The place where the structure was lost, or -1 while it is not lost. `#keptEnd` is the end of the last segment by its own
   * length, if that segment can be kept.
   */
  #lostAt = -1;
  #keptEnd = -1;
  #from = 0;
  /** The end of the bytes near the claimed end of the last segment, or -1 when the search covers everything from `#lostAt` on. */
  #nearEnd = -1;

  /** `inner` follows the pictures that the search finds. */
  constructor(inner: InnerPictures, stream: StreamFacts) {
    this.#inner = inner;
    this.#stream = stream;
  }

  /** The place where the structure was lost, or -1 while it is not lost. */
  get at(): number {
    return this.#lostAt;
  }

  /** Whether the search covers only the bytes near the claimed end of a segment. */
  get isNear(): boolean {
    return this.#nearEnd >= 0;
  }

  /** Notes that the structure is lost at `at`. The last segment may be kept up to `keptEnd`. */
  begin(at: number, keptEnd = at): void {
    this.#lostAt = this.#from = at;
    this.#keptEnd = keptEnd;
    this.#nearEnd = -1;
  }

  /** Searches near `claimEnd` first, where the last segment ends by its length. Returns the place where the search begins. */
  beginNear(claimEnd: number): number {
    this.#nearEnd = claimEnd + NEAR_BYTES;
    return Math.max(this.#lostAt + 2, claimEnd - NEAR_BYTES);
  }

  /**
   * Searches everything from the place where the structure was lost, because the bytes near the claimed end had no segment. Returns
   * the place where the search begins.
   */
  beginAgain(): number {
    this.#nearEnd = -1;
    return this.#lostAt + 2;
  }

  /** Ends the lost state at the segment `at`. The bytes between the last segment and this one become a gap. */
  end(at: number): void {
    if (this.#lostAt < 0) return;
    const from = this.#keptEnd <= at ? this.#keptEnd : this.#lostAt;
    if (at > from) this.gaps.push(from, at);
    this.#lostAt = -1;
    this.#nearEnd = -1;
  }

  /** Adapts all places, because the caller has moved the bytes towards the start of the buffer by `count`. */
  shift(count: number): void {
    this.#from -= count;
    if (this.#lostAt >= 0) this.#lostAt -= count;
    if (this.#keptEnd >= 0) this.#keptEnd -= count;
    if (this.#nearEnd >= 0) this.#nearEnd -= count;
    for (const [index, place] of this.gaps.entries()) this.gaps[index] = place - count;
    this.#inner.shift(count);
  }

  /** Searches from `from` through the bytes before `length`. With `isLast` no bytes will follow. */
  find(bytes: Uint8Array, length: number, from: number, walk: SearchingWalk, isLast: boolean): Found {
    let at = from;
    for (;;) {
      if (this.#inner.isFollowing) {
        const { end, found } = this.#inner.follow(bytes, length, isLast);
        if (found !== "passed") return { found, at: found === "more" ? at : end };
        this.#from = at = end;
      }
      const next = this.#nextMarker(bytes, length, at, walk);
      if (typeof next !== "number") return next;
      at = next;
    }
  }

  /** Looks at the next marker. Returns the place where the search goes on, or the result. */
  #nextMarker(bytes: Uint8Array, length: number, from: number, walk: SearchingWalk): Found | number {
    const ff = bytes.indexOf(0xff, from);
    const at = ff < 0 || ff > length ? length : ff;
    if (this.isNear && at >= this.#nearEnd) return this.beginAgain();
    const farthest = this.#from + MAX_SEARCH_BYTES;
    if (at > farthest) return { found: "unusable", at: farthest };
    if (at + 2 > length) return { found: "more", at };
    const marker = bytes[at + 1] as number;
    if (marker === 0xff) return at + 1;
    if (hasSegment(marker)) return { found: "segment", at };
    // The next segments may belong to the picture that begins here.
    if (this.isNear) return marker === SOI ? this.beginAgain() : at + 2;
    if (marker === EOI) return this.#atEoi(at + 2, walk);
    return marker === SOI ? this.#atSoi(bytes, length, at, walk) : at + 2;
  }

  #atEoi(end: number, { isPicture, hasScan }: SearchingWalk): Found {
    const { passedAt } = this.#inner;
    if (passedAt !== null && !isPicture) return { found: "frames inside", at: passedAt };
    return { found: hasScan ? "whole" : "unusable", at: end };
  }

  #atSoi(bytes: Uint8Array, length: number, at: number, walk: SearchingWalk): Found | number {
    if (at + 4 > length) return { found: "more", at };
    const isStart = isPictureStart(bytes, at);
    if (!walk.hasSoi && !walk.isPicture && (!isStart || this.#stream.sizeKey === 0)) return { found: "unusable", at };
    if (!isStart) return at + 2;
    if (walk.hasScan) return { found: "cut", at };
    this.#inner.begin(at);
    return at;
  }
}
