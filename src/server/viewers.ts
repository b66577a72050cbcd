// The viewers of one camera: gives each the feed that suits it, and tells it of what is new there.

import { nowMicros } from "../core/clock.ts";
import type { Size } from "../core/pixel-format.ts";
import type { GoodbyeReason } from "../protocol/wire.ts";
import type { CameraControls } from "./camera-controls.ts";
import type { PictureFeed } from "./feed.ts";
import { halvingsFor, type Level, ladder, weight } from "./ladder.ts";
import type { EncodedPicture } from "./picture.ts";
import type { Rendition } from "./rendition.ts";
import type { Renditions } from "./renditions.ts";
import type { Viewer, WatchedCamera } from "./viewer.ts";

export interface ViewersOptions {
  /** What viewers call the camera. */
  name: string;
  controls: CameraControls;
  /** The quality that is sent where nothing speaks against it. */
  quality: number;
  renditions: Renditions;
  pictures: PictureFeed;
  captureIntervalMicros: () => number;
  /** Somebody began to watch, or nobody does any more. */
  onChanged: () => void;
  say: (text: string) => void;
}

/** A viewer that has greeted, and what it is sent. */
interface Watcher {
  viewer: Viewer;
  /** What it is sent, while that is tiles; null before, while it is paused, and while whole pictures are. */
  rendition: Rendition | null;
  /** What it is sent once there is a frame of it. */
  next: Rendition | null;
  levels: Level[];
  /** Of `levels`; that of `next` where there is one, else of `rendition`. */
  step: number;
}

export class Viewers {
  readonly #options: ViewersOptions;
  readonly #watchers = new Map<Viewer, Watcher>();
  #trouble: string | null = null;
  #departedSkipped = 0;
  #departedSent = 0;
  /** Of what the source hands over as pixels; null while it does not. */
  #tiledSize: Size | null = null;
  #sendsPictures = false;

  /** The camera as a viewer sees it. */
  readonly camera: WatchedCamera;

  constructor(options: ViewersOptions) {
    this.#options = options;
    this.camera = {
      name: options.name,
      controls: options.controls,
      captureIntervalMicros: options.captureIntervalMicros,
      onChanged: (viewer) => this.#change(viewer),
      onAcknowledged: (viewer) => this.#adapt(viewer),
      onGone: (viewer, reason) => this.#forget(viewer, reason),
    };
  }

  /** Viewers that have greeted. */
  get count(): number {
    return this.#watchers.size;
  }

  /** Of them, those that want pictures now. */
  get watching(): number {
    return this.#watchers.keys().reduce((sum, viewer) => sum + (viewer.watching ? 1 : 0), 0);
  }

  get isWatched(): boolean {
    return this.#watchers.keys().some((viewer) => viewer.watching);
  }

  /** Pictures that a viewer without credit did not get, of all viewers so far. */
  get picturesSkipped(): number {
    return this.#watchers.keys().reduce((sum, viewer) => sum + viewer.frames.picturesSkipped, this.#departedSkipped);
  }

  get picturesSent(): number {
    return this.#watchers.keys().reduce((sum, viewer) => sum + viewer.frames.picturesSent, this.#departedSent);
  }

  /** A whole picture, for everybody: from here on pictures are sent, not tiles. */
  publish(picture: EncodedPicture): void {
    this.#options.pictures.publish(picture);
    if (!this.#sendsPictures) {
      this.#sendsPictures = true;
      for (const watcher of this.#watchers.values()) this.#assign(watcher);
    }
    for (const viewer of this.#watchers.keys()) viewer.frames.offer();
  }

  /** The source hands over pixels of that size: from here on tiles are sent. */
  useTiles(size: Size): void {
    const before = this.#sendsPictures ? null : this.#tiledSize;
    if (before?.width === size.width && before.height === size.height) return;
    this.#tiledSize = size;
    this.#sendsPictures = false;
    for (const watcher of this.#watchers.values()) this.#assign(watcher);
  }

  beginFrame(rendition: Rendition, frameNumber: number): void {
    for (const viewer of this.#watchers.keys()) viewer.frames.beginFrame(rendition, frameNumber);
  }

  sendPart(rendition: Rendition, first: number, count: number, isLast: boolean): void {
    for (const viewer of this.#watchers.keys()) viewer.frames.sendPart(rendition, first, count, isLast);
  }

  abortFrame(rendition: Rendition): void {
    for (const viewer of this.#watchers.keys()) viewer.frames.abortFrame(rendition);
  }

  /** A rendition has a new frame. */
  publishTiles(rendition: Rendition): void {
    for (const watcher of this.#watchers.values()) {
      if (watcher.next === rendition) {
        if (watcher.rendition !== null) this.#options.renditions.release(watcher.rendition);
        watcher.rendition = rendition;
        watcher.next = null;
        watcher.viewer.frames.follow(rendition);
      } else if (watcher.rendition === rendition) {
        watcher.viewer.frames.offer();
      }
    }
  }

  /** Tells all viewers, also those that come later, what is wrong with the source; null = nothing. */
  notify(trouble: string | null): void {
    if (trouble === this.#trouble) return;
    this.#trouble = trouble;
    for (const viewer of this.#watchers.keys()) viewer.notify({ trouble: trouble !== null, text: trouble ?? "" });
  }

  /** Whether every viewer has shown, or dropped, all it was sent. */
  get settled(): boolean {
    return this.#watchers.keys().every((viewer) => viewer.settled);
  }

  dismiss(reason: GoodbyeReason, text: string): void {
    for (const viewer of [...this.#watchers.keys()]) viewer.leave(reason, text);
  }

  #change(viewer: Viewer): void {
    let watcher = this.#watchers.get(viewer);
    if (watcher === undefined) {
      watcher = { viewer, rendition: null, next: null, levels: [], step: 0 };
      this.#watchers.set(viewer, watcher);
      const what = viewer.watching ? "is watching" : "asks";
      this.#options.say(`viewer ${viewer.peer} ${what} (${this.count} in all)`);
      if (this.#trouble !== null) viewer.notify({ trouble: true, text: this.#trouble });
    }
    this.#assign(watcher);
    this.#noteChange();
  }

  #noteChange(): void {
    // While nobody watches nothing is published, and what was would be old when somebody comes.
    if (!this.isWatched) this.#options.pictures.clear();
    this.#options.onChanged();
  }

  /** Gives a viewer what it should be sent now: a rendition of its size, whole pictures, or nothing. */
  #assign(watcher: Watcher): void {
    const { quality, pictures } = this.#options;
    const source = this.#tiledSize;
    if (!watcher.viewer.watching || this.#sendsPictures || source === null) {
      this.#releaseAll(watcher);
      watcher.viewer.frames.follow(this.#sendsPictures && watcher.viewer.watching ? pictures : null);
      // Before the first frame nobody knows whether there will be tiles; wanting them makes the encoders begin.
      if (watcher.viewer.watching && !this.#sendsPictures) this.#goTo(watcher, { halvings: 0, quality });
      return;
    }
    const top: Level = { halvings: halvingsFor(source, watcher.viewer.wishedSize), quality };
    const before = watcher.levels[watcher.step];
    const wasBest = watcher.step === 0;
    watcher.levels = ladder(source, top, watcher.viewer.keepsSize);
    // Where its link had to be spared, it still has to be.
    const spares = (level: Level) => wasBest || before === undefined || weight(level) <= weight(before);
    const step = watcher.levels.findIndex(spares);
    watcher.step = step < 0 ? watcher.levels.length - 1 : step;
    this.#goTo(watcher, watcher.levels[watcher.step] as Level);
  }

  #adapt(viewer: Viewer): void {
    const watcher = this.#watchers.get(viewer);
    if (watcher === undefined || watcher.rendition === null || watcher.next !== null) return;
    const step = viewer.frames.adaptation.choose(watcher.levels, watcher.step, {
      now: nowMicros(),
      roundTripMicros: viewer.roundTripMicros,
      captureIntervalMicros: this.#options.captureIntervalMicros(),
      wholeBytes: watcher.rendition.wholeBytes,
    });
    const level = watcher.levels[step];
    if (step === watcher.step || level === undefined) return;
    watcher.step = step;
    this.#goTo(watcher, level);
  }

  /** What it has is sent on until there is a frame of the other rendition. */
  #goTo(watcher: Watcher, level: Level): void {
    const { renditions } = this.#options;
    const isOf = (rendition: Rendition | null) =>
      rendition?.level.halvings === level.halvings && rendition.level.quality === level.quality;
    if (isOf(watcher.next)) return;
    if (watcher.next !== null) renditions.release(watcher.next);
    watcher.next = null;
    if (isOf(watcher.rendition)) return;
    watcher.next = renditions.acquire(level);
    if (watcher.next.newestFrame > 0) this.publishTiles(watcher.next);
  }

  #releaseAll(watcher: Watcher): void {
    for (const rendition of [watcher.rendition, watcher.next]) {
      if (rendition !== null) this.#options.renditions.release(rendition);
    }
    watcher.rendition = null;
    watcher.next = null;
  }

  #forget(viewer: Viewer, reason: string): void {
    const watcher = this.#watchers.get(viewer);
    if (watcher !== undefined) this.#releaseAll(watcher);
    this.#watchers.delete(viewer);
    this.#departedSkipped += viewer.frames.picturesSkipped;
    this.#departedSent += viewer.frames.picturesSent;
    this.#options.say(`viewer ${viewer.peer} left: ${reason} (${this.count} in all)`);
    this.#noteChange();
  }
}
