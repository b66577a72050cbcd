// A rendition: the source's picture in one size and quality, as tiles that are kept and sent as they change.

import type { PreparedPicture } from "../codec/simd/encoder.ts";
import { type Micros, nowMicros } from "../core/clock.ts";
import { type StreamHeader, writeTiles } from "../protocol/messages.ts";
import { NO_TILES, type TileList } from "../protocol/tile-list.ts";
import type { Level } from "./ladder.ts";
import type { Feed } from "./feed.ts";
import { TileStore } from "./tile-store.ts";

/** Which rendition of a picture: how often it is halved, and the JPEG quality. */
export class Rendition implements Feed {
  readonly level: Level;
  /** Viewers that are sent it. While there are none it is not encoded. */
  users = 0;
  picture: PreparedPicture | null = null;
  stream: StreamHeader | null = null;
  /** Bytes of the tiles that the newest frame changed. */
  newestBytes = 0;
  capturedAt: Micros = 0;
  #store: TileStore | null = null;
  #openCapturedAt: Micros = 0;
  #encodedAt: Micros = 0;
  #openFrame = 0;
  /** Composed messages of the newest frame, by what the viewer has; and of the open frame's part at hand. */
  readonly #composed = new Map<number, Uint8Array>();
  readonly #parts = new Map<number, Uint8Array>();
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

  put(number: number, buffer: Uint8Array, offset = 0, length = buffer.length): void {
    this.#store?.put(number, buffer, offset, length);
  }

  commit(changedBytes: number): void {
    this.#store?.commit();
    this.#composed.clear();
    this.newestBytes = changedBytes;
    this.capturedAt = this.#openCapturedAt;
    this.#encodedAt = nowMicros();
  }

  abort(): void {
    this.#store?.abort();
  }

  compose(since: number): Uint8Array[] {
    let message = this.#composed.get(since);
    if (message === undefined) {
      message = this.#write(
        this.newestFrame,
        this.capturedAt,
        this.#encodedAt,
        true,
        this.#store?.owed(since) ?? NO_TILES,
      );
      this.#composed.set(since, message);
    }
    return [message];
  }

  /** The part of the open frame's message that `count` tiles from `first` on make, for a viewer with frame `since`. */
  composePart(since: number, first: number, count: number, isLast: boolean): Uint8Array {
    const key = `${this.#openFrame} ${first}`;
    if (key !== this.#partKey) this.#parts.clear();
    this.#partKey = key;
    let message = this.#parts.get(since);
    if (message === undefined) {
      const tiles = this.#store?.owedOfOpen(since, first, count) ?? NO_TILES;
      message = this.#write(this.#openFrame, this.#openCapturedAt, nowMicros(), isLast, tiles);
      this.#parts.set(since, message);
    }
    return message;
  }

  /** The newest frame as an ordinary JPEG; null before the first. Nothing is encoded for it. */
  stitch(): Uint8Array<ArrayBuffer> | null {
    return this.#store?.stitch() ?? null;
  }

  #write(frameNumber: number, capturedAt: Micros, encodedAt: Micros, isLast: boolean, tiles: TileList): Uint8Array {
    return writeTiles({ frameNumber, capturedAt, encodedAt, sentAt: nowMicros(), isLast, tiles });
  }
}
