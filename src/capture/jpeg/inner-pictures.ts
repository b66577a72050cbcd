// Follows the pictures that a walk (picture-walk.ts) finds inside its own picture while the structure of that picture is lost.
//
// Such an inner picture is either the next frame or a thumbnail in a damaged segment. The size decides: it is a frame if it has
// the size of earlier frames, or if several pictures in a row have the same size.

import { isEoiBefore } from "./markers.ts";
import type { PictureWalk } from "./picture-walk.ts";
import type { StreamFacts } from "./stream-facts.ts";

/** The result of `follow`. `passed` means that the picture is not the next frame, and that the search goes on at `end`. */
export interface FollowedPicture {
  found: "more" | "frames inside" | "passed";
  /** With `passed`, the place where the search goes on. With `frames inside`, the place where the next frame begins. */
  end: number;
}

export class InnerPictures {
  readonly #stream: StreamFacts;
  readonly #walkFrom: (start: number) => PictureWalk;
  #walk: PictureWalk | null = null;
  /** The inner pictures of one size in a row that the search has passed. The first one may be the next frame. */
  #passed: { first: PictureWalk; count: number } | null = null;

  /** `walkFrom` begins a walk through the picture at a place. */
  constructor(stream: StreamFacts, walkFrom: (start: number) => PictureWalk) {
    this.#stream = stream;
    this.#walkFrom = walkFrom;
  }

  get isFollowing(): boolean {
    return this.#walk !== null;
  }

  /** Tells where the bytes of the followed picture end, or null while none is followed. */
  get inside(): PictureWalk["inside"] | null {
    return this.#walk?.inside ?? null;
  }

  /** The place of the first picture that may be the next frame, or null. */
  get passedAt(): number | null {
    return this.#passed?.first.start ?? null;
  }

  /** Follows the picture at `start` from now on. */
  begin(start: number): void {
    this.#walk = this.#walkFrom(start);
  }

  /**
   * Forgets the passed pictures. The caller does this when it has found the structure of its own picture again, because the
   * passed pictures are then parts of it.
   */
  forgetPassed(): void {
    this.#passed = null;
  }

  /** Adapts all places, because the caller has moved the bytes towards the start of the buffer by `count`. */
  shift(count: number): void {
    this.#walk?.shift(count);
    this.#passed?.first.shift(count);
  }

  /** Goes on through the bytes like `PictureWalk.advance`. Call it only while `isFollowing` is true. */
  follow(bytes: Uint8Array, length: number, isLast: boolean): FollowedPicture {
    const walk = this.#walk as PictureWalk;
    const progress = walk.advance(bytes, length, isLast);
    const frameAt = this.#frameAt(bytes, walk);
    if (frameAt !== null) return { found: "frames inside", end: frameAt };
    if (progress === "more") return { found: "more", end: length };
    if (progress === "frames inside") return { found: "frames inside", end: walk.end };
    this.#walk = null;
    if (progress === "whole" || progress === "cut") this.#pass(walk);
    return { found: "passed", end: walk.end };
  }

  /** Returns the start of the next frame if the size of the followed picture shows that it is one, or else null. */
  #frameAt(bytes: Uint8Array, { start, sizeKey }: PictureWalk): number | null {
    if (sizeKey === 0) return null;
    if (sizeKey === this.#stream.sizeKey) return start;
    // This matters only if the size of the frames is not known or changes. Two thumbnails of one picture may have the same size,
    // but there are other bytes between them.
    const isNext = isEoiBefore(bytes, start);
    const needed = this.#stream.sizeKey === 0 && isNext ? 1 : 2;
    const isFrame = this.#passed?.first.sizeKey === sizeKey && this.#passed.count >= needed;
    return isFrame ? this.passedAt : null;
  }

  #pass(walk: PictureWalk): void {
    const isAlike = this.#passed?.first.sizeKey === walk.sizeKey;
    this.#passed =
      this.#passed !== null && isAlike ? { ...this.#passed, count: this.#passed.count + 1 } : { first: walk, count: 1 };
  }
}
