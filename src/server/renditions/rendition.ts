// A rendition: the source's picture in one size and quality, as tiles that are kept, and sent when they change.

import type { PreparedPicture } from "../../codec/tile-jobs.ts";
import { type Micros, nowMicros } from "../../core/clock.ts";
import { type StreamHeader, writeTiles } from "../../protocol/messages.ts";
import { NO_TILES } from "../../protocol/tile-list.ts";
import type { Level } from "./ladder.ts";
import type { Feed } from "./feed.ts";
import { MessageCache } from "./message-cache.ts";
import type { Part } from "./sinks.ts";
import { TileStore } from "./tile-store.ts";

/** Holds the newest bytes of each tile, and composes the messages with the tiles that a viewer lacks. */
export class Rendition implements Feed {
  readonly level: Level;
  /** How many viewers are sent it. While there are none it is not encoded. */
  users = 0;
  /** Its tables and layout; null until they are made. */
  picture: PreparedPicture | null = null;
  stream: StreamHeader | null = null;
  /** Bytes of the tiles that changed in the newest frame. */
  newestBytes = 0;
  #store: TileStore | null = null;
  #capturedAt: Micros = 0;
  #openCapturedAt: Micros = 0;
  #encodedAt: Micros = 0;
  #openFrame = 0;
  /** Messages of the newest frame. */
  readonly #composed = new MessageCache();
  /** Messages of one part of the open frame: `#partFrame`, from tile `#partFirst` on. */
  readonly #parts = new MessageCache();
  #partFrame = 0;
  #partFirst = 0;

  constructor(level: Level) {
    this.level = level;
  }

  /** Whether it has no tiles yet, so that the next frame must bring all. */
  get isNew(): boolean {
    return this.newestFrame === 0;
  }

  get newestFrame(): number {
    return this.#store?.newestFrame ?? 0;
  }

  /** Bytes of all tiles together; 0 before the first frame. */
  get wholeBytes(): number {
    return this.#store?.wholeBytes ?? 0;
  }

  /** Starts over with these tables, without tiles. */
  start(picture: PreparedPicture, stream: Omit<StreamHeader, "jpegHeader">): void {
    this.picture = picture;
    this.stream = { ...stream, jpegHeader: picture.header };
    this.#store = new TileStore(picture.header, picture.tileCount);
    this.#composed.clear();
  }

  /** Forgets all tiles: the source has changed, or the rendition went out of use. */
  stop(): void {
    this.picture = null;
    this.stream = null;
    this.#store = null;
    this.#composed.clear();
  }

  /** Opens a frame, which `commit` or `abort` ends. */
  open(frameNumber: number, capturedAt: Micros): void {
    this.#store?.open(frameNumber);
    this.#openFrame = frameNumber;
    this.#openCapturedAt = capturedAt;
  }

  /** Adds tiles that the open frame has changed; see TileStore.put. */
  put(numbers: readonly number[], lengths: readonly number[], bytes: Uint8Array): void {
    this.#store?.put(numbers, lengths, bytes);
  }

  /** Makes the open frame the newest. `changedBytes` are the bytes of its tiles. */
  commit(changedBytes: number): void {
    this.#store?.commit();
    this.#composed.clear();
    this.newestBytes = changedBytes;
    this.#capturedAt = this.#openCapturedAt;
    this.#encodedAt = nowMicros();
  }

  /** Drops the open frame. */
  abort(): void {
    this.#store?.abort();
  }

  compose(since: number): Uint8Array[] {
    const message = this.#composed.get(since, (takeBlock) => {
      const frameNumber = this.newestFrame;
      const stamps = { capturedAt: this.#capturedAt, encodedAt: this.#encodedAt, sentAt: nowMicros() };
      return writeTiles(
        { frameNumber, ...stamps, isLast: true, tiles: this.#store?.missing(since) ?? NO_TILES },
        takeBlock,
      );
    });
    return [message];
  }

  /** The message with a part of the open frame, for a viewer that has frame `since`. */
  composePart(since: number, { first, count, isLast }: Part): Uint8Array {
    if (this.#openFrame !== this.#partFrame || first !== this.#partFirst) this.#parts.clear();
    this.#partFrame = this.#openFrame;
    this.#partFirst = first;
    return this.#parts.get(since, (takeBlock) => {
      const now = nowMicros();
      const stamps = { capturedAt: this.#openCapturedAt, encodedAt: now, sentAt: now };
      const tiles = this.#store?.missingOfOpen(since, first, count) ?? NO_TILES;
      return writeTiles({ frameNumber: this.#openFrame, ...stamps, isLast, tiles }, takeBlock);
    });
  }

  /** The newest frame as an ordinary JPEG; null before the first. Nothing is encoded for it. */
  stitch(): Uint8Array<ArrayBuffer> | null {
    return this.#store?.stitch() ?? null;
  }
}
