// Feeds: what a viewer can follow. A feed holds the newest state of the picture and composes the messages that bring a viewer up to it.

import { estimateQuality } from "../../codec/jpeg/header.ts";
import { nowMicros } from "../../core/clock.ts";
import { type StreamHeader, writePictureHead } from "../../protocol/messages.ts";
import type { Level } from "./ladder.ts";
import { type EncodedPicture, jpegOf } from "../picture.ts";

export interface Feed {
  /** Describes its pictures; null before the first. It is another object after a change: then nothing sent before counts. */
  readonly stream: StreamHeader | null;
  /** The size and quality of its pictures; null where the server does not choose them per viewer. */
  readonly level: Level | null;
  /** Number of the newest whole frame; 0 before the first. */
  readonly newestFrame: number;
  /** Bytes of a whole picture, which a new viewer is sent; 0 before the first. */
  readonly wholeBytes: number;
  /**
   * The messages that take a viewer from frame `since` (0 = it has nothing) to the newest frame. Their bytes are valid until a
   * newer frame comes.
   */
  compose(since: number): Uint8Array[];
}

/** The quality that a camera's JPEGs are taken to have when their tables do not tell. */
const USUAL_QUALITY = 85;

export interface PictureFeedOptions {
  /** Nominal frames a second; some sources know it with their first frame only. */
  source: { readonly framesPerSecond: number };
  /** Name and quality (1 to 100) of the codec that makes the pictures; JPEGs of the source are announced as `jpeg`, 0. */
  codec: string;
  quality: number;
}

/** Whole JPEGs: made by a codec without tiles (`jsquash`), or delivered by the source. */
export class PictureFeed implements Feed {
  readonly #options: PictureFeedOptions;
  #newest: EncodedPicture | null = null;
  #isPassedOn = false;
  /** The level of the source's own JPEGs; null for pictures that were encoded here. */
  level: Level | null = null;
  stream: StreamHeader | null = null;

  constructor(options: PictureFeedOptions) {
    this.#options = options;
  }

  get newestFrame(): number {
    return this.#newest?.frameNumber ?? 0;
  }

  /** Bytes of the newest picture. */
  get newestBytes(): number {
    return this.#newest?.jpegBytes ?? 0;
  }

  get wholeBytes(): number {
    return this.newestBytes;
  }

  /** Takes a newer picture, and retains its block until the next one. */
  publish(picture: EncodedPicture): void {
    const { width, height, isPassedOn } = picture;
    const isAsBefore = width === this.stream?.width && height === this.stream.height && isPassedOn === this.#isPassedOn;
    if (!isAsBefore) {
      this.#isPassedOn = isPassedOn;
      this.stream = this.#describe(picture);
      const quality = isPassedOn ? (estimateQuality(jpegOf(picture)) ?? USUAL_QUALITY) : 0;
      this.level = isPassedOn ? { halvings: 0, quality, isPassedOn } : null;
    }
    picture.block.retain();
    this.#newest?.block.release();
    this.#newest = picture;
  }

  compose(): Uint8Array[] {
    if (this.#newest === null) return [];
    const { frameNumber, capturedAt, encodedAt, block, jpegBytes } = this.#newest;
    const message = block.message(jpegBytes);
    // Head and JPEG are one message: two would take two system calls here, and the viewer would wake up twice.
    writePictureHead(message, frameNumber, { capturedAt, encodedAt, sentAt: nowMicros() });
    return [message];
  }

  /** Forgets the picture: it would be old for the next viewer. */
  clear(): void {
    this.#newest?.block.release();
    this.#newest = null;
  }

  #describe({ width, height, isPassedOn }: EncodedPicture): StreamHeader {
    const { source, codec, quality } = this.#options;
    return {
      width,
      height,
      framesPerSecond: source.framesPerSecond,
      codec: isPassedOn ? "jpeg" : codec,
      quality: isPassedOn ? 0 : quality,
      sourceWidth: width,
      sourceHeight: height,
      jpegHeader: new Uint8Array(),
    };
  }
}
