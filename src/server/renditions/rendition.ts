// A rendition: the source's picture in one size and quality, as tiles that are kept and sent as they change.

import type { PreparedPicture } from "../../codec/tile-jobs.ts";
import { type Micros, nowMicros } from "../../core/clock.ts";
import { type StreamHeader, writeTiles } from "../../protocol/messages.ts";
import { NO_TILES } from "../../protocol/tile-list.ts";
import type { Level } from "./ladder.ts";
import type { Feed } from "./feed.ts";
import { MessageCache } from "./message-cache.ts";
import { TileStore } from "./tile-store.ts";

/** Holds the newest bytes of each tile, and composes what a viewer lacks of them. */
export class Rendition implements Feed {
  readonly level: Level;
  /** Audience that are sent it. While there are none it is not encoded. */
  users = 0;
  picture: PreparedPicture | null = null;
  stream: StreamHeader | null = null;
  /** Bytes of the tiles that the newest frame changed. */
  newestBytes = 0;
  #store: TileStore | null = null;
  #capturedAt: Micros = 0;
  #openCapturedAt: Micros = 0;
  #encodedAt: Micros = 0;
  #openFrame = 0;
  /** Composed messages of the newest frame, by what the viewer has; and of the open frame's part at hand. */
  readonly #composed = new MessageCache();
  readonly #parts = new MessageCache();
  #partKey = "";

  constructor(level: Level) {
    this.level = level;
  }

  /** Whether it has no tiles yet, so that all are wanted. */
  get isNew(): boolean {
    return this.newestFrame === 0;
  }

  get newestFrame(): number {
    return this.#store?.newestFrame ?? 0;
  }

  /** Bytes of all its tiles together; 0 before the first frame. */
  get wholeBytes(): number {
    return this.#store?.wholeBytes ?? 0;
  }

  /** Begins anew, with pictures of that format. */
  start(picture: PreparedPicture, stream: Omit<StreamHeader, "jpegHeader">): void {
    this.picture = picture;
    this.stream = { ...stream, jpegHeader: picture.header };
    this.#store = new TileStore(picture.header, picture.tileCount);
    this.#composed.clear();
  }

  /** Forgets all tiles: the source has changed, or they have not been kept up to date. */
  stop(): void {
    this.picture = null;
    this.stream = null;
    this.#store = null;
    this.#composed.clear();
  }

  open(frameNumber: number, capturedAt: Micros): void {
    this.#store?.open(frameNumber);
    this.#openFrame = frameNumber;
    this.#openCapturedAt = capturedAt;
  }

  /** Tiles that the open frame has changed; see TileStore.put. */
  put(numbers: readonly number[], lengths: readonly number[], bytes: Uint8Array): void {
    this.#store?.put(numbers, lengths, bytes);
  }

  commit(changedBytes: number): void {
    this.#store?.commit();
    this.#composed.clear();
    this.newestBytes = changedBytes;
    this.#capturedAt = this.#openCapturedAt;
    this.#encodedAt = nowMicros();
  }

  abort(): void {
    this.#store?.abort();
  }

  compose(since: number): Uint8Array[] {
    const message = this.#composed.get(since, (takeRoom) => {
      const frameNumber = this.newestFrame;
      const stamps = { capturedAt: this.#capturedAt, encodedAt: this.#encodedAt, sentAt: nowMicros() };
      return writeTiles(
        { frameNumber, ...stamps, isLast: true, tiles: this.#store?.owed(since) ?? NO_TILES },
        takeRoom,
      );
    });
    return [message];
  }

  /** The part of the open frame's message that `count` tiles from `first` on make, for a viewer with frame `since`. */
  composePart(since: number, first: number, count: number, isLast: boolean): Uint8Array {
    const key = `${this.#openFrame} ${first}`;
    if (key !== this.#partKey) this.#parts.clear();
    this.#partKey = key;
    return this.#parts.get(since, (takeRoom) => {
      const now = nowMicros();
      const stamps = { capturedAt: this.#openCapturedAt, encodedAt: now, sentAt: now };
      const tiles = this.#store?.owedOfOpen(since, first, count) ?? NO_TILES;
      return writeTiles({ frameNumber: this.#openFrame, ...stamps, isLast, tiles }, takeRoom);
    });
  }

  /** The newest frame as an ordinary JPEG; null before the first. Nothing is encoded for it. */
  stitch(): Uint8Array<ArrayBuffer> | null {
    return this.#store?.stitch() ?? null;
  }
}
