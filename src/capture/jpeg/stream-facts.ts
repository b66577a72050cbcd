// The knowledge about a stream that all its pictures share.

import { FrameFinder } from "./frame-finder.ts";

export class StreamFacts {
  /** The size of the newest complete picture, in the form of `PictureWalk.sizeKey`. 0 means unknown. */
  sizeKey = 0;
  readonly finder = new FrameFinder();
}
