// What viewers are sent from: the newest state of a picture, and the messages that bring one viewer up to it.

import { nowMicros } from "../core/clock.ts";
import { type StreamHeader, writePictureHead } from "../protocol/messages.ts";
import type { Level } from "./ladder.ts";
import type { EncodedPicture } from "./picture.ts";

export interface Feed {
  /** What its pictures are; null before the first. Another object when that changes: what was sent before is void then. */
  readonly stream: StreamHeader | null;
  /** The size and quality that it is made in; null where those are not chosen here. */
  readonly level: Level | null;
  /** Number of the newest whole frame; 0 before the first. */
  readonly newestFrame: number;
  /** Messages that make a viewer with frame `since` (0 = nothing yet) have the newest one. They are valid until there is a newer one. */
  compose(since: number): Uint8Array[];
}

/** Whole JPEGs: what `jsquash` makes, and what a source hands over as JPEGs. */
export class PictureFeed implements Feed {
  readonly #describe: (picture: EncodedPicture) => StreamHeader;
  #newest: EncodedPicture | null = null;
  readonly level = null;
  stream: StreamHeader | null = null;

  constructor(describe: (picture: EncodedPicture) => StreamHeader) {
    this.#describe = describe;
  }

  get newestFrame(): number {
    return this.#newest?.frameNumber ?? 0;
  }

  /** Of the newest one. */
  get newestBytes(): number {
    return this.#newest?.jpeg.length ?? 0;
  }

  publish(picture: EncodedPicture): void {
    if (picture.width !== this.stream?.width || picture.height !== this.stream.height)
      this.stream = this.#describe(picture);
    this.#newest = picture;
  }

  compose(): Uint8Array[] {
    if (this.#newest === null) return [];
    const { frameNumber, capturedAt, encodedAt, jpeg } = this.#newest;
    return [writePictureHead(frameNumber, { capturedAt, encodedAt, sentAt: nowMicros() }, jpeg.length), jpeg];
  }

  /** Forgets the picture: it is too old to be shown to whoever comes. */
  clear(): void {
    this.#newest = null;
  }
}
