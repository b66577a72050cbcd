// The gate of a recording with `--record-when motion`: it holds the pictures of the last seconds in memory, and lets those of events
// through, with the seconds before and after them.

import type { Micros } from "../../core/clock.ts";
import type { MotionEvent } from "../motion/detector.ts";
import type { FeedJpeg } from "../renditions/feed.ts";

/** The largest number of bytes of a camera's pictures that are held. More make the seconds before an event fewer. */
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
  readonly #held: FeedJpeg[] = [];
  #heldBytes = 0;
  #isMoving = false;
  /** What is captured from this time on is let through, until `#closesAt`. */
  #opensAt: Micros = Number.POSITIVE_INFINITY;
  #closesAt: Micros = Number.NEGATIVE_INFINITY;

  constructor(settings: GateSettings) {
    this.#settings = settings;
  }

  /** Handles the start, an update or the end of an event. */
  motion({ phase, startedAt, movedAt }: MotionEvent, now: Micros): void {
    const { beforeMicros, afterMicros } = this.#settings;
    if (!this.isOpen(now)) {
      this.#opensAt = startedAt - beforeMicros;
      this.#dropOlder(this.#opensAt);
    }
    this.#isMoving = phase !== "end";
    this.#closesAt = Math.max(movedAt + afterMicros, now);
  }

  /** Whether pictures of this time are let through. */
  isOpen(now: Micros): boolean {
    return this.#isMoving || now < this.#closesAt;
  }

  /**
   * Takes a picture. Pictures are held until `take` returns them, or until they are older than the seconds before an event. The last
   * older one stays, because it shows what was seen since then. Returns the number of pictures that are lost to an open gate, because
   * there is no memory for them.
   */
  hold(jpeg: FeedJpeg, now: Micros): number {
    this.#held.push(jpeg);
    this.#heldBytes += jpeg.bytes.length;
    const isOpen = this.isOpen(now);
    if (!isOpen) this.#dropOlder(jpeg.capturedAt - this.#settings.beforeMicros - this.#settings.lateMicros);
    let dropped = 0;
    for (; this.#heldBytes > MOST_BYTES && this.#held.length > 1; dropped++) this.#shift();
    return isOpen ? dropped : 0;
  }

  /**
   * Returns the oldest picture if the gate is open and `hasRoom` returns true for its bytes. A picture from before the beginning of the
   * recording gets the time of that beginning.
   */
  take(now: Micros, hasRoom: (bytes: number) => boolean): FeedJpeg | null {
    const [oldest] = this.#held;
    if (oldest === undefined || !this.isOpen(now) || !hasRoom(oldest.bytes.length)) return null;
    this.#shift();
    return oldest.capturedAt < this.#opensAt ? { ...oldest, capturedAt: this.#opensAt } : oldest;
  }

  /** Drops the pictures that were followed by another one at this time. */
  #dropOlder(time: Micros): void {
    while ((this.#held[1]?.capturedAt ?? Number.POSITIVE_INFINITY) <= time) this.#shift();
  }

  #shift(): void {
    this.#heldBytes -= this.#held.shift()?.bytes.length ?? 0;
  }
}
