// The frames of a member of an audience that takes pictures of its feed by itself, for example to a file. Nothing is sent.

import type { Feed } from "../renditions/feed.ts";
import type { Level } from "../renditions/ladder.ts";
import type { MemberFrames } from "./audience-member.ts";

/** The owner of TakenFrames. */
export interface PictureTaker {
  /** Whether it takes the next frame. */
  readonly awaitsFrame: boolean;
  /** Returns the index of the level that it wants. `current` is that of its feed. */
  choose(levels: readonly Level[], current: number): number;
  /** The feed has a newer frame, or there is another feed, or none. */
  frameCame(): void;
}

export class TakenFrames implements MemberFrames {
  readonly adaptation: PictureTaker;
  readonly picturesSkipped = 0;
  readonly picturesSent = 0;
  readonly settled = true;
  follower = null;
  /** Null while there are no pictures. */
  feed: Feed | null = null;
  readonly #taker: PictureTaker;

  constructor(taker: PictureTaker) {
    this.adaptation = taker;
    this.#taker = taker;
  }

  get awaitsFrame(): boolean {
    return this.#taker.awaitsFrame;
  }

  follow(feed: Feed | null): void {
    this.feed = feed;
    this.#taker.frameCame();
  }

  offer(): void {
    this.#taker.frameCame();
  }

  sendNewest(): void {}

  beginFrame(): void {}

  sendPart(): void {}

  abortFrame(): void {}
}
