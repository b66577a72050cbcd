// A rendition is the source's picture in one size and quality. It consists of tiles, which are sent when they change.

import type { PreparedPicture } from "../../codec/tile-jobs.ts";
import { type Micros, nowMicros } from "../../core/clock.ts";
import { type StreamHeader, writeTiles } from "../../protocol/messages.ts";
import { NO_TILES, type TileList } from "../../protocol/tile-list.ts";
import type { Level } from "./ladder.ts";
import type { Feed, FeedJpeg } from "./feed.ts";
import { MessageCache } from "./message-cache.ts";
import { type NumberList, TileStore } from "./tile-store.ts";

/** A part of an open frame: neighbouring tiles that are encoded. */
export interface Part {
  /** The number of the first tile of the part. */
  readonly first: number;
  /** The number of tiles in the range of the part. Tiles that have not changed count too. */
  readonly count: number;
  /** Whether the frame is complete with this part. Parts come in any order. */
  readonly isLast: boolean;
}

/** Keeps the newest bytes of each tile, and composes messages with the tiles that a viewer does not have. */
export class Rendition implements Feed {
  readonly level: Level;
  /** The number of viewers that get this rendition. Without viewers it is not encoded. */
  users = 0;
  /** The tables and the layout for its encoding, or null until they are made. */
  picture: PreparedPicture | null = null;
  stream: StreamHeader | null = null;
  /** The number of bytes of the tiles that changed in the newest frame. */
  newestBytes = 0;
  /** The number of the newest frame that has changed the picture. Frames that only refresh tiles do not count. */
  changedFrame = 0;
  #store: TileStore | null = null;
  #jpeg: FeedJpeg | null = null;
  capturedAt: Micros = 0;
  encodedAt: Micros = 0;
  /** The capture time of the open frame. */
  openCapturedAt: Micros = 0;
  #openFrame = 0;
  /** The messages of the newest frame. */
  readonly #composed = new MessageCache();
  /** The messages of one part of the open frame `#partFrame`. The part begins at tile `#partFirst`. */
  readonly #parts = new MessageCache();
  #partFrame = 0;
  #partFirst = 0;

  constructor(level: Level) {
    this.level = level;
  }

  /** True while there are no tiles, so that the next frame must contain all tiles. */
  get isNew(): boolean {
    return this.newestFrame === 0;
  }

  get newestFrame(): number {
    return this.#store?.newestFrame ?? 0;
  }

  /** The number of bytes of all tiles together, or 0 before the first frame. */
  get wholeBytes(): number {
    return this.#store?.wholeBytes ?? 0;
  }

  /** Restarts the rendition with these tables and without tiles. */
  start(picture: PreparedPicture, stream: Omit<StreamHeader, "jpegHeader">): void {
    this.picture = picture;
    this.stream = { ...stream, jpegHeader: picture.header };
    this.#store = new TileStore(picture.header, picture.tileCount);
    this.changedFrame = 0;
    this.#forget();
  }

  /** Begins the tiles of another server, which were encoded with the JPEG header of `stream`. */
  relay(stream: StreamHeader, tileCount: number): void {
    this.stream = stream;
    this.#store = new TileStore(stream.jpegHeader, tileCount);
  }

  /** Drops all tiles, because the source has changed or the rendition is no longer used. */
  stop(): void {
    this.picture = null;
    this.stream = null;
    this.#store = null;
    this.changedFrame = 0;
    this.#forget();
  }

  /** Opens a frame, which `commit` or `abort` ends. */
  open(frameNumber: number, capturedAt: Micros): void {
    this.#store?.open(frameNumber);
    this.#openFrame = frameNumber;
    this.openCapturedAt = capturedAt;
  }

  /** Adds tiles that the open frame has changed (see TileStore.put). */
  put(numbers: NumberList, lengths: NumberList, bytes: Uint8Array): void {
    this.#store?.put(numbers, lengths, bytes);
  }

  /**
   * Makes the open frame the newest complete frame. `changedBytes` is the number of bytes of its tiles. `hasChanged` is false if
   * they were only refreshed. `encodedAt` is the time at which it was encoded.
   */
  commit(changedBytes: number, hasChanged = changedBytes > 0, encodedAt = nowMicros()): void {
    this.#store?.commit();
    if (hasChanged) this.changedFrame = this.newestFrame;
    this.#forget();
    this.newestBytes = changedBytes;
    this.capturedAt = this.openCapturedAt;
    this.encodedAt = encodedAt;
  }

  /** Drops the open frame. */
  abort(): void {
    this.#store?.abort();
  }

  compose(since: number): Uint8Array[] {
    const message = this.#composed.get(since, (takeBlock) => {
      const frameNumber = this.newestFrame;
      const stamps = { capturedAt: this.capturedAt, encodedAt: this.encodedAt, sentAt: nowMicros() };
      return writeTiles({ frameNumber, ...stamps, isLast: true, tiles: this.missing(since) }, takeBlock);
    });
    return [message];
  }

  missing(since: number): TileList {
    return this.#store?.missing(since) ?? NO_TILES;
  }

  /** Returns the message with a part of the open frame, for a viewer that has frame `since`. */
  composePart(since: number, { first, count, isLast }: Part): Uint8Array {
    if (this.#openFrame !== this.#partFrame || first !== this.#partFirst) this.#parts.clear();
    this.#partFrame = this.#openFrame;
    this.#partFirst = first;
    return this.#parts.get(since, (takeBlock) => {
      const now = nowMicros();
      const stamps = { capturedAt: this.openCapturedAt, encodedAt: now, sentAt: now };
      const tiles = this.#store?.missingOfOpen(since, first, count) ?? NO_TILES;
      return writeTiles({ frameNumber: this.#openFrame, ...stamps, isLast, tiles }, takeBlock);
    });
  }

  jpeg(): FeedJpeg | null {
    if (this.#jpeg !== null || this.stream === null) return this.#jpeg;
    const bytes = this.#store?.stitch() ?? null;
    if (bytes === null) return null;
    const { width, height } = this.stream;
    const stamps = { capturedAt: this.capturedAt, encodedAt: this.encodedAt };
    this.#jpeg = { bytes, width, height, frameNumber: this.newestFrame, ...stamps };
    return this.#jpeg;
  }

  /** Returns the bytes of the newest frame as an ordinary JPEG, or null before the first. */
  stitch(): Uint8Array<ArrayBuffer> | null {
    return this.jpeg()?.bytes ?? null;
  }

  /** Drops what was made of the frame that is no longer the newest. */
  #forget(): void {
    this.#composed.clear();
    this.#jpeg = null;
  }
}
