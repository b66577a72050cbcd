// The frames of the last seconds of a feed, in memory: one whole picture, and the changed tiles of each later frame.

import type { Micros } from "../../core/clock.ts";
import type { Feed } from "../renditions/feed.ts";
import { type KeptFrame, keepNewest, memoryOf } from "./kept-frame.ts";
import { KeptPicture } from "./kept-picture.ts";

/**
 * At most so many frames leave in one call, and no further ones after so many bytes, because many are old at once when the first frame
 * comes after a pause. Two may always leave, so the memory shrinks when frames come that are not larger than the others.
 */
const MOST_LEAVING = 64;
const MOST_LEAVING_BYTES = 256 * 1024;

/** The limits of what is kept. The lower one holds. */
export interface KeepSettings {
  micros: Micros;
  bytes: number;
}

export class RecentFrames {
  readonly #limits: KeepSettings;
  /** The picture at the beginning of the time that is kept. It goes on as older frames leave. */
  #oldest: KeptPicture | null = null;
  /** The frames after it. */
  readonly #frames: KeptFrame[] = [];
  #framesBytes = 0;
  #newest: KeptFrame | null = null;

  constructor(limits: KeepSettings) {
    this.#limits = limits;
  }

  /** The number of bytes in memory. */
  get bytes(): number {
    return (this.#oldest?.bytes ?? 0) + this.#framesBytes;
  }

  /** The oldest picture, or null before the first frame. */
  get oldest(): KeptPicture | null {
    return this.#oldest;
  }

  /** The capture time of the frame after the oldest picture, or infinity if there is none. */
  get secondAt(): Micros {
    return this.#frames[0]?.facts.capturedAt ?? Number.POSITIVE_INFINITY;
  }

  /**
   * Takes the newest frame of the feed, if the picture has changed, and drops those that are too old at the time `now`. Returns how
   * many have left.
   */
  take(feed: Feed, now: Micros): number {
    const frame = keepNewest(feed, this.#newest);
    if (frame !== null) this.#keep(frame);
    return this.#dropOld(now);
  }

  /** Drops the oldest picture, and keeps the one after it. Returns false if there is none. */
  shift(): boolean {
    const next = this.#frames.shift();
    if (next === undefined) return false;
    this.#framesBytes -= memoryOf(next);
    this.#oldest?.apply(next);
    return true;
  }

  /** Returns the time from which on the pictures are kept, or null if there are none. */
  since(now: Micros): Micros | null {
    this.#dropOld(now);
    return this.#oldest === null ? null : Math.max(this.#oldest.facts.capturedAt, now - this.#limits.micros);
  }

  /** Returns the frames, with the oldest first, which has all tiles. Some may be too old. They stay as they are. */
  copy(now: Micros): KeptFrame[] {
    this.#dropOld(now);
    return this.#oldest === null ? [] : [this.#oldest.whole(), ...this.#frames];
  }

  #keep(frame: KeptFrame): void {
    this.#newest = frame;
    if (this.#oldest === null) {
      this.#oldest = new KeptPicture(frame);
      return;
    }
    this.#frames.push(frame);
    this.#framesBytes += memoryOf(frame);
  }

  /**
   * Drops the frames that are older than the kept time. The tiles of the last one stay in the oldest picture, because that picture
   * was still shown when the kept time began. Returns how many have left.
   */
  #dropOld(now: Micros): number {
    const { micros, bytes } = this.#limits;
    let count = 0;
    let moved = 0;
    for (let [next] = this.#frames; next !== undefined; [next] = this.#frames) {
      if (next.facts.capturedAt > now - micros && this.bytes <= bytes) break;
      if (count >= MOST_LEAVING || (count >= 2 && moved >= MOST_LEAVING_BYTES)) break;
      this.shift();
      count++;
      moved += memoryOf(next);
    }
    return count;
  }
}
