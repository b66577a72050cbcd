// The picture that kept frames add up to. Frames are applied in their order, and each of them can be read as a JPEG.

import { TileStore } from "../renditions/tile-store.ts";
import type { FeedJpeg } from "../renditions/feed.ts";
import { keepTiles, type KeptFrame, memoryOf } from "./kept-frame.ts";

export class KeptPicture {
  /** The frame that was applied last. */
  #last: KeptFrame;
  /** The tiles of the picture, or null for a whole JPEG. */
  #store: TileStore | null = null;
  #header: Uint8Array | null = null;

  /** `first` must have all tiles. */
  constructor(first: KeptFrame) {
    this.#last = first;
    this.apply(first);
  }

  /** The facts of the frame that was applied last. */
  get facts(): KeptFrame["facts"] {
    return this.#last.facts;
  }

  /** The number of bytes of the picture. */
  get bytes(): number {
    return this.#store?.wholeBytes ?? memoryOf(this.#last);
  }

  /** Brings the picture to the state of a newer frame. A frame with another header than the one before it must have all tiles. */
  apply(frame: KeptFrame): void {
    const { tiles, bytes, facts } = frame;
    this.#last = frame;
    if (tiles === null) {
      this.#store = null;
      this.#header = null;
      return;
    }
    const { header, numbers, lengths } = tiles;
    if (this.#store === null || header !== this.#header) this.#store = new TileStore(header, numbers.length);
    this.#header = header;
    this.#store.open(facts.frameNumber);
    this.#store.put(numbers, lengths, bytes);
    this.#store.commit();
  }

  /** Returns the picture as an ordinary JPEG. */
  jpeg(): FeedJpeg {
    return { ...this.facts, bytes: this.#store?.stitch() ?? this.#last.bytes };
  }

  /** Returns a frame that has all tiles of the picture. */
  whole(): KeptFrame {
    if (this.#store === null || this.#header === null) return this.#last;
    return keepTiles(this.facts, this.#header, this.#store.missing(0));
  }
}
