// What viewers are sent from: the newest state of a picture, and the messages that bring one viewer up to it.

import { estimateQuality } from "../../codec/jpeg/header.ts";
import { nowMicros } from "../../core/clock.ts";
import { type StreamHeader, writePictureHead } from "../../protocol/messages.ts";
import type { Level } from "./ladder.ts";
import { type EncodedPicture, jpegOf } from "../picture.ts";

export interface Feed {
  /** What its pictures are; null before the first. Another object when that changes: what was sent before is void then. */
  readonly stream: StreamHeader | null;
  /** The size and quality that it is made in; null where those are not chosen here. */
  readonly level: Level | null;
  /** Number of the newest whole frame; 0 before the first. */
  readonly newestFrame: number;
  /** Bytes that a viewer with nothing is sent of it; 0 before the first. */
  readonly wholeBytes: number;
  /** Messages that make a viewer with frame `since` (0 = nothing yet) have the newest one. They are valid until there is a newer one. */
  compose(since: number): Uint8Array[];
}

/** Of a camera's JPEGs, where their tables do not tell. */
const USUAL_QUALITY = 85;

/** Whole JPEGs: what `jsquash` makes, and what a source hands over as JPEGs. */
export class PictureFeed implements Feed {
  readonly #describe: (picture: EncodedPicture) => StreamHeader;
  #newest: EncodedPicture | null = null;
  #isPassedOn = false;
  /** That of the source's own JPEGs; null for those that were made here. */
  level: Level | null = null;
  stream: StreamHeader | null = null;

  constructor(describe: (picture: EncodedPicture) => StreamHeader) {
    this.#describe = describe;
  }

  get newestFrame(): number {
    return this.#newest?.frameNumber ?? 0;
  }

  /** Of the newest one. */
  get newestBytes(): number {
    return this.#newest?.jpegBytes ?? 0;
  }

  get wholeBytes(): number {
    return this.newestBytes;
  }

  publish(picture: EncodedPicture): void {
    const { width, height, isPassedOn } = picture;
    const isAsBefore = width === this.stream?.width && height === this.stream.height && isPassedOn === this.#isPassedOn;
    if (!isAsBefore) {
      this.#isPassedOn = isPassedOn;
      this.stream = this.#describe(picture);
      this.level = isPassedOn
        ? { halvings: 0, quality: estimateQuality(jpegOf(picture)) ?? USUAL_QUALITY, isPassedOn }
        : null;
    }
    picture.slot.retain();
    this.#newest?.slot.release();
    this.#newest = picture;
  }

  compose(): Uint8Array[] {
    if (this.#newest === null) return [];
    const { frameNumber, capturedAt, encodedAt, slot, jpegBytes } = this.#newest;
    const message = slot.message(jpegBytes);
    // One message, not head and JPEG by themselves: that would be two system calls here, and the viewer would wake up twice.
    writePictureHead(message, frameNumber, { capturedAt, encodedAt, sentAt: nowMicros() });
    return [message];
  }

  /** Forgets the picture: it is too old to be shown to whoever comes. */
  clear(): void {
    this.#newest?.slot.release();
    this.#newest = null;
  }
}
