// The gate of a recording with `--record-when motion`: it keeps the last seconds in memory, and lets the pictures of events through,
// with those of the seconds before and after them.

import type { Micros } from "../../core/clock.ts";
import type { MotionEvent } from "../../core/motion.ts";
import { RecentFrames } from "../past/recent-frames.ts";
import type { Feed, FeedJpeg } from "../renditions/feed.ts";

/** The largest number of bytes of a camera's frames that are kept. More make the seconds before an event fewer. */
const MOST_BYTES = 64 * 2 ** 20;

export interface GateSettings {
  /** The time that is recorded before an event. */
  beforeMicros: Micros;
  /** The time that is recorded after the last motion of an event. */
  afterMicros: Micros;
  /** How long after its beginning an event is known. */
  lateMicros: Micros;
}

export class MotionGate {
  readonly #settings: GateSettings;
  readonly #recent: RecentFrames;
  /** Whether the oldest picture has been taken. It stays, because the frames after it have only the tiles that they change. */
  #isTaken = false;
  #isMoving = false;
  /** What is captured from this time on is let through, until `#closesAt`. */
  #opensAt: Micros = Number.POSITIVE_INFINITY;
  #closesAt: Micros = Number.NEGATIVE_INFINITY;

  constructor(settings: GateSettings) {
    this.#settings = settings;
    this.#recent = new RecentFrames({ micros: settings.beforeMicros + settings.lateMicros, bytes: MOST_BYTES });
  }

  /** Handles the start, an update or the end of an event. */
  motion({ phase, startedAt, movedAt }: MotionEvent, now: Micros): void {
    const { beforeMicros, afterMicros } = this.#settings;
    if (!this.isOpen(now)) {
      this.#opensAt = startedAt - beforeMicros;
      // The last picture of the recording before may be what was still seen at the beginning of this one.
      if ((this.#recent.oldest?.facts.capturedAt ?? 0) < this.#opensAt) this.#isTaken = false;
    }
    this.#isMoving = phase !== "end";
    this.#closesAt = Math.max(movedAt + afterMicros, now);
  }

  /** Whether pictures of this time are let through, or pictures of an event have not been taken yet. */
  isOpen(now: Micros): boolean {
    return this.#isMoving || Math.min(now, this.#nextAt) < this.#closesAt;
  }

  /**
   * Keeps the newest frame of a feed. Frames are kept until `take` returns their pictures, or until they are older than the seconds
   * before an event. The last older one stays, because it shows what was seen since then. Returns the number of pictures that are lost
   * to an open gate, because there is no memory for them.
   */
  hold(feed: Feed, now: Micros): number {
    const isOpen = this.isOpen(now);
    // A picture that comes after the end of a recording does not begin it again, even if it was captured before.
    if (!isOpen) this.#closesAt = Number.NEGATIVE_INFINITY;
    const left = this.#recent.take(feed, isOpen ? Number.NEGATIVE_INFINITY : feed.capturedAt);
    if (left === 0) return 0;
    const lost = this.#isTaken ? left - 1 : left;
    this.#isTaken = false;
    return isOpen ? lost : 0;
  }

  /**
   * Returns the oldest picture that is let through and was not returned before, or null if there is none. A picture from before the
   * beginning of the recording gets the time of that beginning. If another one follows it before then, the result is "too old".
   */
  take(): FeedJpeg | "too old" | null {
    const { oldest } = this.#recent;
    if (oldest === null || !(this.#isMoving || this.#nextAt < this.#closesAt)) return null;
    if (this.#isTaken && !this.#recent.shift()) return null;
    this.#isTaken = true;
    if (this.#recent.secondAt <= this.#opensAt) return "too old";
    const jpeg = oldest.jpeg();
    return { ...jpeg, capturedAt: Math.max(jpeg.capturedAt, this.#opensAt) };
  }

  /** The capture time of the next picture that `take` may return, or infinity if there is none. */
  get #nextAt(): Micros {
    const { oldest, secondAt } = this.#recent;
    return oldest === null || this.#isTaken ? secondAt : oldest.facts.capturedAt;
  }
}
