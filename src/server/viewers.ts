// All connected viewers: gives each the newest picture, and tells what they want of the encoders.

import { nowMicros } from "../core/clock.ts";
import { Rate } from "../core/statistics.ts";
import type { StreamHeader } from "../protocol/messages.ts";
import { GoodbyeReason } from "../protocol/wire.ts";
import type { EncodedPicture } from "./picture.ts";
import { Viewer, type ViewerConnection } from "./viewer.ts";

/** Bounds what a flood of connections can take; each viewer costs some kilobytes and the bytes on their way to it. */
const MAX_VIEWERS = 1000;

export interface ViewersOptions {
  sourceName: string;
  captureIntervalMicros: () => number;
  describeStream: (picture: EncodedPicture) => StreamHeader;
  /** Somebody began to watch, or nobody does any more. */
  onChanged: () => void;
  say: (text: string) => void;
}

export class Viewers {
  readonly #options: ViewersOptions;
  readonly #connected = new Set<Viewer>();
  readonly #greeted = new Set<Viewer>();
  readonly publishRate = new Rate();
  #trouble: string | null = null;
  #departedSkipped = 0;
  #departedSent = 0;

  constructor(options: ViewersOptions) {
    this.#options = options;
  }

  /** Viewers that have greeted. */
  get count(): number {
    return this.#greeted.size;
  }

  get isWatched(): boolean {
    return this.#greeted.values().some((viewer) => viewer.watching);
  }

  /** Pictures that a viewer without credit did not get, of all viewers so far. */
  get picturesSkipped(): number {
    return this.#greeted.values().reduce((sum, viewer) => sum + viewer.picturesSkipped, this.#departedSkipped);
  }

  get picturesSent(): number {
    return this.#greeted.values().reduce((sum, viewer) => sum + viewer.picturesSent, this.#departedSent);
  }

  /** A new connection; the door passes on to the returned viewer what happens on it. */
  connect(connection: ViewerConnection): Viewer {
    const viewer = new Viewer(connection, {
      sourceName: this.#options.sourceName,
      captureIntervalMicros: this.#options.captureIntervalMicros,
      describeStream: this.#options.describeStream,
      onChanged: (changed) => this.#change(changed),
      onGone: (gone, reason) => this.#forget(gone, reason),
      onClosed: (closed) => this.#connected.delete(closed),
    });
    this.#connected.add(viewer);
    if (this.#connected.size > MAX_VIEWERS) viewer.leave(GoodbyeReason.full, `${MAX_VIEWERS} viewers are the limit`);
    return viewer;
  }

  /** Open connections, those that have yet to greet or to read their goodbye included. */
  get connections(): number {
    return this.#connected.size;
  }

  publish(picture: EncodedPicture): void {
    this.publishRate.add(nowMicros(), picture.jpeg.length);
    for (const viewer of this.#greeted) viewer.offer(picture);
  }

  /** Tells all viewers, also those that come later, what is wrong with the source; null = nothing. */
  notify(trouble: string | null): void {
    if (trouble === this.#trouble) return;
    this.#trouble = trouble;
    for (const viewer of this.#greeted) viewer.notify({ trouble: trouble !== null, text: trouble ?? "" });
  }

  tick(): void {
    for (const viewer of this.#connected) viewer.tick();
  }

  /** Whether every viewer has shown, or dropped, all it was sent. */
  get settled(): boolean {
    return this.#greeted.values().every((viewer) => viewer.settled);
  }

  dismiss(reason: GoodbyeReason, text: string): void {
    for (const viewer of [...this.#connected]) viewer.leave(reason, text);
  }

  #change(viewer: Viewer): void {
    if (!this.#greeted.has(viewer)) {
      this.#greeted.add(viewer);
      this.#options.say(`viewer ${viewer.peer} is watching (${this.count} in all)`);
      if (this.#trouble !== null) viewer.notify({ trouble: true, text: this.#trouble });
    }
    this.#options.onChanged();
  }

  #forget(viewer: Viewer, reason: string): void {
    const hadGreeted = this.#greeted.delete(viewer);
    this.#departedSkipped += viewer.picturesSkipped;
    this.#departedSent += viewer.picturesSent;
    const left = hadGreeted ? `viewer ${viewer.peer} left` : `connection from ${viewer.peer} refused`;
    this.#options.say(`${left}: ${reason}${hadGreeted ? ` (${this.count} in all)` : ""}`);
    this.#options.onChanged();
  }
}
