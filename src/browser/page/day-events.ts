// The events of motion of one camera since midnight, as far as this page has seen them. They are in memory only.

import type { MotionPicture, PageMotion } from "../page-motion.ts";

/** An event of motion. Times are as `Date` has them. */
export interface DayEvent {
  readonly number: number;
  readonly startMs: number;
  /** The time of the last frame with motion so far. */
  movedMs: number;
  /** The largest share of the picture that has moved at a time. */
  area: number;
  zones: readonly string[];
  isOver: boolean;
  /** The picture with the most motion, and the share of it that moves, or null. */
  picture: { readonly blob: Blob; readonly url: string; readonly area: number } | null;
}

/** Older events are forgotten. */
const MOST_EVENTS = 50;
/** The largest size of all pictures together. Older pictures are forgotten. */
const MOST_BYTES = 4 * 2 ** 20;
/** The clocks of two machines are compared again and again, so the start of an event moves a little. */
const SAME_MS = 5_000;

export class DayEvents {
  readonly #events: DayEvent[] = [];

  /** The events with motion today, with the newest first. The others are forgotten. */
  get all(): readonly DayEvent[] {
    const midnight = new Date().setHours(0, 0, 0, 0);
    while ((this.#events.at(-1)?.movedMs ?? midnight) < midnight) this.#forgetOldest();
    return this.#events;
  }

  /** Takes what the server tells. Returns the event if it is new, and null if it is known. */
  take({ number, startMs, movedMs, heightArea, zones, phase }: PageMotion): DayEvent | null {
    const known = this.#find(number, startMs);
    for (const other of this.#events) if (other !== known) other.isOver = true;
    if (known !== null) {
      Object.assign(known, { movedMs, area: heightArea, zones, isOver: phase === "end" });
      return null;
    }
    const event = { number, startMs, movedMs, area: heightArea, zones, isOver: phase === "end", picture: null };
    this.#events.unshift(event);
    if (this.#events.length > MOST_EVENTS) this.#forgetOldest();
    return event;
  }

  /** Takes a picture of an event. After a lost connection one may come in which less moves than in the one before: it is not kept. */
  takePicture({ number, startMs, area, picture: blob }: MotionPicture): void {
    const event = this.#find(number, startMs);
    if (event === null || area < (event.picture?.area ?? 0)) return;
    forgetPicture(event);
    event.picture = { blob, url: URL.createObjectURL(blob), area };
    let bytes = 0;
    for (const each of this.#events) {
      bytes += each.picture?.blob.size ?? 0;
      if (bytes > MOST_BYTES) forgetPicture(each);
    }
  }

  /** Notes that the connection has ended: what goes on is not known any more. */
  interrupt(): void {
    for (const event of this.#events) event.isOver = true;
  }

  /** Forgets all events and their pictures. */
  clear(): void {
    while (this.#events.length > 0) this.#forgetOldest();
  }

  #find(number: number, startMs: number): DayEvent | null {
    const isSame = (event: DayEvent) => event.number === number && Math.abs(event.startMs - startMs) < SAME_MS;
    return this.#events.find(isSame) ?? null;
  }

  #forgetOldest(): void {
    const oldest = this.#events.pop();
    if (oldest !== undefined) forgetPicture(oldest);
  }
}

function forgetPicture(event: DayEvent): void {
  if (event.picture !== null) URL.revokeObjectURL(event.picture.url);
  event.picture = null;
}
