// The viewers of one camera: gives each the feed that suits it, and tells it of what is new there.

import { type Micros, nowMicros } from "../../core/clock.ts";
import type { Size } from "../../core/pixel-format.ts";
import type { CameraControls } from "./camera-controls.ts";
import type { PictureFeed } from "../renditions/feed.ts";
import type { Notice } from "../../protocol/messages.ts";
import { halvingsFor, type Level, ladder, weight } from "../renditions/ladder.ts";
import type { EncodedPicture } from "../picture.ts";
import { Rendition } from "../renditions/rendition.ts";
import type { RenditionRegistry } from "../renditions/registry.ts";
import type { Refusal, Viewer, WatchedCamera } from "./viewer.ts";

export interface AudienceOptions {
  /** What viewers call the camera. */
  name: string;
  controls: CameraControls;
  /** The quality that is sent where nothing speaks against it. */
  quality: number;
  renditions: RenditionRegistry;
  pictures: PictureFeed;
  /** Whether renditions can be made of pictures that the source hands over as JPEGs. */
  transcodes: boolean;
  captureIntervalMicros: () => number;
  /** Somebody began to watch, or nobody does any more. */
  onChanged: () => void;
  say: (text: string) => void;
}

/** A viewer that has greeted, and what it is sent. */
interface Watcher {
  viewer: Viewer;
  /** What it is sent; null before the first frame, and while it is paused. */
  feed: Rendition | PictureFeed | null;
  /** What it is sent once there is a frame of it. */
  next: Rendition | null;
  /** What it can be sent, the best first; none where there is nothing to choose from. */
  levels: Level[];
  /** Of `levels`; that of `next` where there is one, else of `feed`. */
  step: number;
}

/** What the source hands over, and thus what can be sent: tiles, whole pictures, or either to each viewer. */
interface SourceKind extends Size {
  offers: "tiles" | "pictures" | "both";
}

/** A size and quality that is being sent. */
export interface RenditionReport {
  width: number;
  height: number;
  /** 0 = unknown: pictures as the source made them. */
  quality: number;
  viewers: number;
  bytesPerFrame: number;
}

export class Audience {
  readonly #options: AudienceOptions;
  readonly #watchers = new Map<Viewer, Watcher>();
  #trouble: string | null = null;
  /** Whatever has been said of it since. */
  #troubleSince: Micros = 0;
  #farewell: Refusal | null = null;
  #departedSkipped = 0;
  #departedSent = 0;
  /** Null before the first frame. */
  #source: SourceKind | null = null;

  /** The camera as a viewer sees it. */
  readonly camera: WatchedCamera;

  constructor(options: AudienceOptions) {
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

  /** Audience that have greeted. */
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

  /** Audience that are sent whole pictures. */
  get onPictures(): number {
    const { pictures } = this.#options;
    return this.#watchers.values().reduce((sum, { feed }) => sum + (feed === pictures ? 1 : 0), 0);
  }

  /** What these are sent, as `--json` has it: one entry, or none where there are no such viewers. */
  reportPictures(): RenditionReport[] {
    const { stream, newestBytes } = this.#options.pictures;
    const viewers = this.onPictures;
    if (stream === null || viewers === 0) return [];
    const { width, height, quality } = stream;
    return [{ width, height, quality, viewers, bytesPerFrame: newestBytes }];
  }

  get picturesSent(): number {
    return this.#watchers.keys().reduce((sum, viewer) => sum + viewer.frames.picturesSent, this.#departedSent);
  }

  /** A whole picture: from here on such are sent, the source's own beside tiles of them where those are wanted. */
  publish(picture: EncodedPicture): void {
    const { pictures, transcodes } = this.#options;
    const { width, height, isPassedOn } = picture;
    pictures.publish(picture);
    this.#adopt({ width, height, offers: isPassedOn && transcodes ? "both" : "pictures" });
    for (const { viewer, feed } of this.#watchers.values()) if (feed === pictures) viewer.frames.offer();
  }

  /** The source hands over pixels of that size: from here on tiles are sent. */
  useTiles({ width, height }: Size): void {
    this.#adopt({ width, height, offers: "tiles" });
  }

  #adopt(source: SourceKind): void {
    const before = this.#source;
    const { width, height, offers } = source;
    if (before?.width === width && before.height === height && before.offers === offers) return;
    this.#source = source;
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
        watcher.next = null;
        this.#follow(watcher, rendition);
      } else if (watcher.feed === rendition) {
        watcher.viewer.frames.offer();
      }
    }
  }

  /** Tells all viewers, also those that come later, what is wrong with the source; null = nothing. */
  notify(trouble: string | null): void {
    if (trouble === this.#trouble) return;
    if (this.#trouble === null) this.#troubleSince = nowMicros();
    this.#trouble = trouble;
    for (const viewer of this.#watchers.keys()) viewer.notify(this.#notice);
  }

  get #notice(): Notice {
    const lastedMicros = this.#trouble === null ? 0 : nowMicros() - this.#troubleSince;
    return { trouble: this.#trouble !== null, text: this.#trouble ?? "", lastedMicros };
  }

  /** Whether every viewer has shown, or dropped, all it was sent. */
  get settled(): boolean {
    return this.#watchers.keys().every((viewer) => viewer.settled);
  }

  /** There are no more pictures: all are told why, also those who come later and want some. */
  dismiss(farewell: Refusal): void {
    this.#farewell = farewell;
    for (const viewer of [...this.#watchers.keys()]) viewer.leave(farewell.reason, farewell.text);
  }

  #change(viewer: Viewer): void {
    let watcher = this.#watchers.get(viewer);
    if (watcher === undefined) {
      watcher = { viewer, feed: null, next: null, levels: [], step: 0 };
      this.#watchers.set(viewer, watcher);
      const what = viewer.watching ? "is watching" : "asks";
      this.#options.say(`viewer ${viewer.address} ${what} (${this.count} in all)`);
      if (this.#trouble !== null) viewer.notify(this.#notice);
    }
    if (this.#farewell !== null && viewer.watching) {
      viewer.leave(this.#farewell.reason, this.#farewell.text);
      return;
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
    const source = this.#source;
    if (!watcher.viewer.watching) {
      this.#releaseAll(watcher);
      return;
    }
    if (source === null) {
      // Before the first frame nobody knows whether there will be tiles; wanting them makes the encoders begin.
      this.#goTo(watcher, { halvings: 0, quality });
      return;
    }
    if (source.offers === "pictures") {
      watcher.levels = [];
      this.#sendPictures(watcher);
      return;
    }
    const top: Level = { halvings: halvingsFor(source, watcher.viewer.wishedSize), quality };
    const before = watcher.levels[watcher.step];
    const wasBest = watcher.step === 0;
    const passedOn = source.offers === "both" ? pictures.level : null;
    watcher.levels = ladder(source, top, watcher.viewer.keepsSize, passedOn);
    // Where its link had to be spared, it still has to be.
    const spares = (level: Level) => wasBest || before === undefined || weight(level) <= weight(before);
    const step = watcher.levels.findIndex(spares);
    watcher.step = step < 0 ? watcher.levels.length - 1 : step;
    this.#goTo(watcher, watcher.levels[watcher.step] as Level);
  }

  #adapt(viewer: Viewer): void {
    const watcher = this.#watchers.get(viewer);
    if (watcher === undefined || watcher.feed === null || watcher.next !== null || watcher.levels.length === 0) return;
    const step = viewer.frames.adaptation.choose(watcher.levels, watcher.step, {
      now: nowMicros(),
      roundTripMicros: viewer.roundTripMicros,
      captureIntervalMicros: this.#options.captureIntervalMicros(),
      wholeBytes: watcher.feed.wholeBytes,
    });
    const level = watcher.levels[step];
    if (step === watcher.step || level === undefined) return;
    watcher.step = step;
    this.#goTo(watcher, level);
    this.#options.onChanged(); // a size may be wanted now that was not, or not any more
  }

  /** What it has is sent on until there is a frame of the other rendition; whole pictures are always there. */
  #goTo(watcher: Watcher, level: Level): void {
    if (level.isPassedOn) {
      this.#sendPictures(watcher);
      return;
    }
    const isOf = (feed: Watcher["feed"]) =>
      feed instanceof Rendition && feed.level.halvings === level.halvings && feed.level.quality === level.quality;
    if (isOf(watcher.next)) return;
    this.#releaseNext(watcher);
    if (isOf(watcher.feed)) return;
    watcher.next = this.#options.renditions.acquire(level);
    if (watcher.next.newestFrame > 0) this.publishTiles(watcher.next);
  }

  #sendPictures(watcher: Watcher): void {
    this.#releaseNext(watcher);
    this.#follow(watcher, this.#options.pictures);
  }

  /** From here on it is sent that, and what it was sent before is not kept up for it any more. */
  #follow(watcher: Watcher, feed: Watcher["feed"]): void {
    if (watcher.feed === feed) return;
    if (watcher.feed instanceof Rendition) this.#options.renditions.release(watcher.feed);
    watcher.feed = feed;
    watcher.viewer.frames.follow(feed);
  }

  #releaseNext(watcher: Watcher): void {
    if (watcher.next !== null) this.#options.renditions.release(watcher.next);
    watcher.next = null;
  }

  #releaseAll(watcher: Watcher): void {
    this.#releaseNext(watcher);
    this.#follow(watcher, null);
  }

  #forget(viewer: Viewer, reason: string): void {
    const watcher = this.#watchers.get(viewer);
    if (watcher !== undefined) this.#releaseAll(watcher);
    this.#watchers.delete(viewer);
    this.#departedSkipped += viewer.frames.picturesSkipped;
    this.#departedSent += viewer.frames.picturesSent;
    this.#options.say(`viewer ${viewer.address} left: ${reason} (${this.count} in all)`);
    this.#noteChange();
  }
}
