// Tells viewers about the motion of a camera while it goes on.

import type { Micros } from "../../core/clock.ts";
import type { MotionEvent, MotionNow } from "../../core/motion.ts";
import { Newest } from "../../core/newest.ts";
import type { MotionDetector } from "./detector.ts";

/** The time between two looks. It bounds the number of messages, and no message is written while a frame is on its way. */
export const LOOK_MS = 250;
/** When nothing has moved for this time, viewers are told so. */
const CALM_MICROS: Micros = 1_000_000;

export class LiveMotion {
  readonly #detector: Pick<MotionDetector, "look">;
  readonly #tell: (motion: MotionNow) => void;
  #told: MotionNow | null = null;
  #toldAt: Micros = Number.NEGATIVE_INFINITY;
  /** The end that waits for the next message. A newer event replaces it, because its number tells that the older one has ended. */
  readonly #ended = new Newest<MotionEvent>();

  constructor(detector: Pick<MotionDetector, "look">, tell: (motion: MotionNow) => void) {
    this.#detector = detector;
    this.#tell = tell;
  }

  /** Takes the end of an event. */
  ended(event: MotionEvent): void {
    this.#ended.offer(event);
  }

  /** Tells what is new, in one message at most. */
  look(now: Micros): void {
    const seen = this.#detector.look();
    if (seen === null) {
      const ended = this.#ended.take();
      if (ended !== null) this.#send({ ...ended, moving: null }, now);
      return;
    }
    this.#ended.clear();
    const { event, moving } = seen;
    const before = this.#told;
    if (event.number !== before?.number) {
      this.#send({ ...event, phase: "start", moving }, now);
    } else if (moving !== null || (before.moving !== null && now - this.#toldAt >= CALM_MICROS)) {
      this.#send({ ...event, moving }, now);
    }
  }

  #send(motion: MotionNow, now: Micros): void {
    this.#told = motion;
    this.#toldAt = now;
    this.#tell(motion);
  }
}
