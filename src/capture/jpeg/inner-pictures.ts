// Follows the pictures that a walk finds inside its own picture while the structure of that one is lost.
//
// Such an inner picture is either the next frame or a thumbnail in a damaged segment. Its size decides, or several of one size in a row.

import type { PictureWalk } from "./picture-walk.ts";
import type { StreamFacts } from "./stream-facts.ts";

/** Where `follow` has arrived. `passed`: the picture is not the next frame, and the search goes on at `end`. */
export interface FollowedPicture {
  found: "more" | "frames inside" | "passed";
  /** With `frames inside` the place where the next frame begins. */
  end: number;
}

export class InnerPictures {
  readonly #stream: StreamFacts;
  readonly #walkFrom: (start: number) => PictureWalk;
  #walk: PictureWalk | null = null;
  /** The inner pictures of one size in a row that the search has passed. The first one may be the next frame. */
  #passed: { first: PictureWalk; count: number } | null = null;

  /** `walkFrom` begins the walk through a picture. */
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

  /** The structure of the own picture was found again, so the passed pictures are part of it. */
  forgetPassed(): void {
    this.#passed = null;
  }

  /** The bytes were moved towards the start by `count`. */
  shift(count: number): void {
    this.#walk?.shift(count);
    this.#passed?.first.shift(count);
  }

  /** Goes on as `PictureWalk.advance`. Call it only while `isFollowing`. */
  follow(bytes: Uint8Array, length: number, isLast: boolean): FollowedPicture {
    const walk = this.#walk as PictureWalk;
    const progress = walk.advance(bytes, length, isLast);
    const frameAt = this.#frameAt(walk);
    if (frameAt !== null) return { found: "frames inside", end: frameAt };
    if (progress === "more") return { found: "more", end: length };
    if (progress === "frames inside") return { found: "frames inside", end: walk.end };
    this.#walk = null;
    if (progress === "whole" || progress === "cut") this.#pass(walk);
    return { found: "passed", end: walk.end };
  }

  /** Returns where the next frame begins, as far as the size of the followed picture tells, or null. */
  #frameAt({ start, sizeKey }: PictureWalk): number | null {
    if (sizeKey === 0) return null;
    if (sizeKey === this.#stream.sizeKey) return start;
    // This matters only if the size of the frames is not known or changes.
    const needed = this.#stream.sizeKey === 0 ? 1 : 2;
    const isFrame = this.#passed?.first.sizeKey === sizeKey && this.#passed.count >= needed;
    return isFrame ? this.passedAt : null;
  }

  #pass(walk: PictureWalk): void {
    const isAlike = this.#passed?.first.sizeKey === walk.sizeKey;
    this.#passed =
      this.#passed !== null && isAlike ? { ...this.#passed, count: this.#passed.count + 1 } : { first: walk, count: 1 };
  }
}
