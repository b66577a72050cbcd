// Snapshots: single pictures of a camera for programs that ask for one now and then.

import { nowMicros, sleep } from "../../core/clock.ts";
import type { Size } from "../../core/pixel-format.ts";
import { GoodbyeReason } from "../../protocol/wire.ts";
import type { Refusal } from "../access/refusal.ts";
import type { FeedJpeg } from "../renditions/feed.ts";
import type { Level } from "../renditions/ladder.ts";
import type { AudienceMember } from "./audience-member.ts";
import { type PictureTaker, TakenFrames } from "./taken-frames.ts";
import type { WatchedCamera } from "./viewer-host.ts";

/**
 * The feed is kept for this time after a snapshot, so that a program that takes several in a second has them at once. A program that
 * takes one every other second costs a few encoded frames, and not all.
 */
const KEPT_MS = 200;
/** The longest time for which a request waits for the first picture. */
const PATIENCE_MS = 5_000;
/** The largest number of combinations of size and quality of a camera that are kept at the same time. */
const MAX_TAKERS = 64;

export interface SnapshotWish {
  /** The width that is enough, or null for that of the source. */
  width: number | null;
  /** The JPEG quality that is enough, or null for the best. */
  quality: number | null;
}

export interface Snapshot {
  jpeg: FeedJpeg;
  /** The number of the newest frame that has changed the picture. */
  changedFrame: number;
  level: Level | null;
}

/** The snapshots of all cameras. */
export class Snapshots {
  readonly #byCamera = new Map<WatchedCamera, Map<string, Taker>>();

  /** Returns the newest picture. It is there at once if a viewer or a recent snapshot has the same size and quality. */
  async take(camera: WatchedCamera, wish: SnapshotWish): Promise<Snapshot | Refusal> {
    const takers = this.#byCamera.get(camera) ?? new Map<string, Taker>();
    this.#byCamera.set(camera, takers);
    const key = `${wish.width} ${wish.quality}`;
    let taker = takers.get(key);
    takers.delete(key); // so that it becomes the last one in the order
    if (taker === undefined) {
      if (takers.size >= MAX_TAKERS)
        [...takers.values()].find(({ awaitsFrame }) => !awaitsFrame)?.end("others were taken since");
      if (takers.size >= MAX_TAKERS) {
        return { reason: GoodbyeReason.full, text: `snapshots of ${camera.name} have too many sizes and qualities` };
      }
      taker = new Taker(camera, wish, () => {
        takers.delete(key);
        if (takers.size === 0) this.#byCamera.delete(camera);
      });
      takers.set(key, taker);
      taker.begin();
    } else takers.set(key, taker);
    return await taker.take();
  }
}

/** Follows a feed of one camera as long as snapshots are taken. To the camera it is a viewer. */
class Taker implements AudienceMember, PictureTaker {
  readonly door = "mjpeg";
  readonly countsAsViewer = false;
  readonly address = "snapshot";
  readonly keepsSize = true;
  readonly roundTripMicros = 0;
  readonly wishedSize: Size;
  readonly frames = new TakenFrames(this);
  readonly #camera: WatchedCamera;
  readonly #quality: number | null;
  readonly #onOver: () => void;
  readonly #over = new AbortController();
  watching = true;
  /** Whether the feed has the wanted quality, or no choice. */
  #isRight = true;
  #first = Promise.withResolvers<void>();
  #farewell: Refusal | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;
  /** The number of requests that wait for the first picture. */
  #waiting = 0;

  constructor(camera: WatchedCamera, { width, quality }: SnapshotWish, onOver: () => void) {
    this.#camera = camera;
    this.#quality = quality;
    this.#onOver = onOver;
    this.wishedSize = width === null ? { width: 0, height: 0 } : { width, height: 1 };
  }

  begin(): void {
    this.#camera.onChanged(this);
  }

  async take(): Promise<Snapshot | Refusal> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#waiting++;
    if (this.#newest === null && this.#farewell === null) {
      const tooLate = new AbortController();
      await Promise.race([
        this.#first.promise,
        sleep(PATIENCE_MS, AbortSignal.any([tooLate.signal, this.#over.signal])),
      ]);
      tooLate.abort();
    }
    this.#waiting--;
    if (this.#waiting === 0 && this.watching) {
      this.#timer = setTimeout(() => this.end(`no snapshot was taken for ${KEPT_MS} ms`), KEPT_MS);
    }
    const text = `no picture of ${this.#camera.name} came within ${PATIENCE_MS / 1000} s`;
    return this.#newest ?? this.#farewell ?? { reason: GoodbyeReason.timeout, text };
  }

  get #newest(): Snapshot | null {
    const { feed } = this.frames;
    const jpeg = this.#isRight ? (feed?.jpeg() ?? null) : null;
    if (feed === null || jpeg === null) return null;
    return { jpeg, changedFrame: feed.changedFrame, level: feed.level };
  }

  /** Whether a request waits for the first picture. */
  get awaitsFrame(): boolean {
    return this.#waiting > 0;
  }

  frameCame(): void {
    const { feed } = this.frames;
    if (feed === null || feed.newestFrame === 0) return;
    // The camera asks `choose` for the quality.
    if (this.#quality !== null) this.#camera.onAcknowledged(this, nowMicros());
    if (this.#isRight) this.#first.resolve();
  }

  /** Returns the level with the fewest bytes that has at least the wanted quality. */
  choose(levels: readonly Level[], current: number): number {
    const wanted = this.#quality ?? 0;
    const level = Math.max(
      0,
      levels.findLastIndex(({ quality }) => quality >= wanted),
    );
    this.#isRight = level === current;
    return level;
  }

  /** Snapshots say nothing of troubles but the age of the picture. */
  notify(): void {}

  leave(reason: GoodbyeReason, text: string): void {
    this.#farewell = { reason, text };
    this.end(text);
  }

  /** Ends the feed. Requests that wait for a picture get none. */
  end(reason: string): void {
    if (!this.watching) return;
    this.watching = false;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#over.abort();
    this.#first.resolve();
    this.#onOver();
    this.#camera.onGone(this, reason);
  }
}
