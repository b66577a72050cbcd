// A feed is a stream that a viewer can get: tiles in one size and quality (a rendition), or whole pictures. It has the newest
// state of the picture and composes the messages that update a viewer.

import { estimateQuality } from "../../codec/jpeg/header.ts";
import { type Micros, nowMicros } from "../../core/clock.ts";
import { type StreamHeader, writePictureHead } from "../../protocol/messages.ts";
import type { TileList } from "../../protocol/tile-list.ts";
import type { Size } from "../../core/pixel-format.ts";
import type { Level } from "./ladder.ts";
import { type EncodedPicture, jpegOf } from "../picture.ts";

/** A feed's newest frame as an ordinary JPEG, for viewers that take no tiles. */
export interface FeedJpeg extends Size {
  /** The file. All viewers share these bytes, so nobody may change them. They stay valid when a newer frame comes. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly frameNumber: number;
  readonly capturedAt: Micros;
  readonly encodedAt: Micros;
}

export interface Feed {
  /**
   * Describes the feed's pictures. It is null before the first picture. A new object means a new stream, so a viewer needs all
   * tiles again.
   */
  readonly stream: StreamHeader | null;
  /** The size and quality of the feed's pictures, or null if the server does not choose them for each viewer. */
  readonly level: Level | null;
  /** The number of the newest complete frame, or 0 before the first. */
  readonly newestFrame: number;
  /** The times of the newest complete frame, or 0 before the first. */
  readonly capturedAt: Micros;
  readonly encodedAt: Micros;
  /** The number of the newest frame that is known to differ from the one before it. */
  readonly changedFrame: number;
  /** The size in bytes of a whole picture, which a new viewer gets first. It is 0 before the first frame. */
  readonly wholeBytes: number;
  /**
   * Returns the messages that update a viewer from frame `since` to the newest frame. 0 means that the viewer has no frame. The
   * bytes are valid until a newer frame comes.
   */
  compose(since: number): Uint8Array[];
  /** Returns the tiles that have changed since frame `since`, as `compose` sends them, or null if the feed has no tiles. */
  missing(since: number): TileList | null;
  /** Returns the newest frame as a JPEG, or null before the first. It is made once for each frame, without encoding. */
  jpeg(): FeedJpeg | null;
}

/** The assumed quality of a camera's JPEGs when their tables do not tell it. */
export const USUAL_QUALITY = 85;

export interface PictureFeedOptions {
  /** The source, with its nominal frame rate. Some sources know the rate only after their first frame. */
  source: { readonly framesPerSecond: number };
  /** The name of the codec that makes the pictures. JPEGs of the source are announced as `jpeg` with quality 0. */
  codec: string;
  quality: number;
}

/** The feed of whole JPEGs. They are made by a codec without tiles (`jsquash`) or delivered by the source. */
export class PictureFeed implements Feed {
  readonly #options: PictureFeedOptions;
  #newest: EncodedPicture | null = null;
  #jpeg: FeedJpeg | null = null;
  #isPassedOn = false;
  /** The level of the source's own JPEGs, or null for pictures that were encoded here. */
  level: Level | null = null;
  stream: StreamHeader | null = null;

  constructor(options: PictureFeedOptions) {
    this.#options = options;
  }

  get newestFrame(): number {
    return this.#newest?.frameNumber ?? 0;
  }

  get capturedAt(): Micros {
    return this.#newest?.capturedAt ?? 0;
  }

  get encodedAt(): Micros {
    return this.#newest?.encodedAt ?? 0;
  }

  get changedFrame(): number {
    return this.newestFrame;
  }

  /** The number of bytes of the newest picture. */
  get newestBytes(): number {
    return this.#newest?.jpegBytes ?? 0;
  }

  get wholeBytes(): number {
    return this.newestBytes;
  }

  /** Takes a newer picture, and retains its block until the next picture. */
  publish(picture: EncodedPicture): void {
    const { width, height, isPassedOn } = picture;
    const isAsBefore = width === this.stream?.width && height === this.stream.height && isPassedOn === this.#isPassedOn;
    if (!isAsBefore) {
      this.#isPassedOn = isPassedOn;
      this.stream = this.#describe(picture);
      const quality = isPassedOn ? (estimateQuality(jpegOf(picture)) ?? USUAL_QUALITY) : 0;
      this.level = isPassedOn ? { halvings: 0, quality, passedOn: "pictures" } : null;
    }
    picture.block.retain();
    this.#newest?.block.release();
    this.#newest = picture;
    this.#jpeg = null;
  }

  compose(): Uint8Array[] {
    if (this.#newest === null) return [];
    const { frameNumber, capturedAt, encodedAt, block, jpegBytes } = this.#newest;
    const message = block.message(jpegBytes);
    // Head and JPEG are sent with one write. Two writes would need two system calls, and the viewer would wake up twice.
    writePictureHead(message, frameNumber, { capturedAt, encodedAt, sentAt: nowMicros() });
    return [message];
  }

  missing(): null {
    return null;
  }

  jpeg(): FeedJpeg | null {
    if (this.#jpeg !== null || this.#newest === null) return this.#jpeg;
    const { width, height, frameNumber, capturedAt, encodedAt } = this.#newest;
    // The block is reused after the next picture, while sockets may still read these bytes. So they are copied, once for all.
    const bytes = new Uint8Array(jpegOf(this.#newest));
    this.#jpeg = { bytes, width, height, frameNumber, capturedAt, encodedAt };
    return this.#jpeg;
  }

  /** Drops the picture, because it would be too old for the next viewer. */
  clear(): void {
    this.#newest?.block.release();
    this.#newest = null;
    this.#jpeg = null;
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
