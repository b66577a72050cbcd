// The assignment of one viewer: chooses the rendition, or whole pictures, that suit the viewer's Wish, its link and the source.

import { nowMicros } from "../../../core/clock.ts";
import type { Size } from "../../../core/pixel-format.ts";
import type { PictureFeed } from "../../renditions/feed.ts";
import { halvingsFor, type Level, ladder, weight } from "../../renditions/ladder.ts";
import type { RenditionRegistry } from "../../renditions/registry.ts";
import { Rendition } from "../../renditions/rendition.ts";
import type { Viewer } from "../viewer.ts";

/** The forms in which the source's pictures can be sent: as tiles, as whole pictures, or in the form that each viewer needs. */
export interface SourceKind extends Size {
  offers: "tiles" | "pictures" | "both";
}

/** The feeds that the viewers of a camera can get, and facts about the source. */
export interface Supply {
  /** The quality of the best level, 1 to 100. */
  quality: number;
  renditions: RenditionRegistry;
  pictures: PictureFeed;
  /** The median time between two captured frames, or 0 while it is unknown. */
  captures: { readonly intervalMicros: number };
}

/** Gives a viewer one feed at a time. If the feed is a rendition, the assignment counts as one of its users. */
export class Assignment {
  readonly #viewer: Viewer;
  readonly #supply: Supply;
  /** The feed that the viewer is sent. It is null before the first frame and while the viewer is paused. */
  #feed: Rendition | PictureFeed | null = null;
  /** The feed that the viewer will be sent as soon as the feed has a frame. */
  #next: Rendition | null = null;
  /** The levels that the viewer can be sent, with the best first. It is empty when there is no choice. */
  #levels: Level[] = [];
  /** The index in `#levels` of the level of `#next`, or of `#feed` when `#next` is null. */
  #step = 0;

  constructor(viewer: Viewer, supply: Supply) {
    this.#viewer = viewer;
    this.#supply = supply;
  }

  /** Whether the viewer is sent whole pictures. */
  get isOnPictures(): boolean {
    return this.#feed === this.#supply.pictures;
  }

  /**
   * Chooses a feed after a change of the viewer's Wish or of the source: a rendition of the wished size, whole pictures, or no feed
   * while the viewer is paused. `null` means that the source has delivered no frame yet.
   */
  choose(source: SourceKind | null): void {
    const { quality, pictures } = this.#supply;
    if (!this.#viewer.watching) {
      this.release();
      return;
    }
    if (source === null) {
      // Before the first frame it is unknown whether there will be tiles. A user of a rendition makes the encoders start.
      this.#goTo({ halvings: 0, quality });
      return;
    }
    if (source.offers === "pictures") {
      this.#levels = [];
      this.#sendPictures();
      return;
    }
    const top: Level = { halvings: halvingsFor(source, this.#viewer.wishedSize), quality };
    const before = this.#levels[this.#step];
    const wasBest = this.#step === 0;
    const passedOn = source.offers === "both" ? pictures.level : null;
    this.#levels = ladder(source, top, this.#viewer.keepsSize, passedOn);
    // A link that could not carry the best level still cannot.
    const isLightEnough = (level: Level) => wasBest || before === undefined || weight(level) <= weight(before);
    const step = this.#levels.findIndex(isLightEnough);
    this.#step = step < 0 ? this.#levels.length - 1 : step;
    this.#goTo(this.#levels[this.#step] as Level);
  }

  /** Chooses the level that the link carries, after an acknowledgement. Returns whether the level has changed. */
  adapt(): boolean {
    if (this.#feed === null || this.#next !== null || this.#levels.length === 0) return false;
    const step = this.#viewer.frames.adaptation.choose(this.#levels, this.#step, {
      now: nowMicros(),
      roundTripMicros: this.#viewer.roundTripMicros,
      captureIntervalMicros: this.#supply.captures.intervalMicros,
      wholeBytes: this.#feed.wholeBytes,
    });
    const level = this.#levels[step];
    if (step === this.#step || level === undefined) return false;
    this.#step = step;
    this.#goTo(level);
    return true;
  }

  /** Called when the rendition has a new frame. */
  committed(rendition: Rendition): void {
    if (this.#next === rendition) {
      this.#next = null;
      this.#follow(rendition);
    } else if (this.#feed === rendition) {
      this.#viewer.frames.offer();
    }
  }

  /** Called when there is a new whole picture. */
  published(): void {
    if (this.isOnPictures) this.#viewer.frames.offer();
  }

  /** Stops sending frames to the viewer. */
  release(): void {
    this.#releaseNext();
    this.#follow(null);
  }

  /** Changes to a level. The current feed goes on until the new rendition has its first frame. */
  #goTo(level: Level): void {
    if (level.isPassedOn) {
      this.#sendPictures();
      return;
    }
    if (hasLevel(this.#next, level)) return;
    this.#releaseNext();
    if (hasLevel(this.#feed, level)) return;
    const next = this.#supply.renditions.acquire(level);
    this.#next = next;
    if (next.newestFrame > 0) this.committed(next);
  }

  #sendPictures(): void {
    this.#releaseNext();
    this.#follow(this.#supply.pictures);
  }

  #follow(feed: Rendition | PictureFeed | null): void {
    if (this.#feed === feed) return;
    if (this.#feed instanceof Rendition) this.#supply.renditions.release(this.#feed);
    this.#feed = feed;
    this.#viewer.frames.follow(feed);
  }

  #releaseNext(): void {
    if (this.#next !== null) this.#supply.renditions.release(this.#next);
    this.#next = null;
  }
}

function hasLevel(feed: Rendition | PictureFeed | null, { halvings, quality }: Level): boolean {
  return feed instanceof Rendition && feed.level.halvings === halvings && feed.level.quality === quality;
}
