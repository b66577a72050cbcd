// The assignment of one viewer: which rendition, or whole pictures, suit its wish, its link and the source, and when it changes.

import { nowMicros } from "../../../core/clock.ts";
import type { Size } from "../../../core/pixel-format.ts";
import type { PictureFeed } from "../../renditions/feed.ts";
import { halvingsFor, type Level, ladder, weight } from "../../renditions/ladder.ts";
import type { RenditionRegistry } from "../../renditions/registry.ts";
import { Rendition } from "../../renditions/rendition.ts";
import type { Viewer } from "../viewer.ts";

/** What the source delivers, and thus what can be sent: tiles, whole pictures, or either to each viewer. */
export interface SourceKind extends Size {
  offers: "tiles" | "pictures" | "both";
}

/** What the viewers of a camera can be sent. */
export interface Supply {
  /** The quality of the best level, 1 to 100. */
  quality: number;
  renditions: RenditionRegistry;
  pictures: PictureFeed;
  /** The median time between two captured frames; 0 while unknown. */
  captures: { readonly intervalMicros: number };
}

/** Gives a viewer one feed at a time, and counts as a user of the renditions among them. */
export class Assignment {
  readonly #viewer: Viewer;
  readonly #supply: Supply;
  /** What the viewer is sent; null before the first frame, and while it is paused. */
  #feed: Rendition | PictureFeed | null = null;
  /** What it will be sent as soon as there is a frame of it. */
  #next: Rendition | null = null;
  /** What it can be sent, the best first; empty where there is no choice. */
  #levels: Level[] = [];
  /** Index in `#levels`: the level of `#next` if there is one, else of `#feed`. */
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
   * Chooses again, after a change of the viewer's wish or of the source (null = it has delivered no frame yet): a rendition of
   * the wished size, whole pictures, or nothing while the viewer is paused.
   */
  choose(source: SourceKind | null): void {
    const { quality, pictures } = this.#supply;
    if (!this.#viewer.watching) {
      this.release();
      return;
    }
    if (source === null) {
      // Before the first frame it is not known whether there will be tiles. Asking for them makes the encoders begin.
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
    // A link that needed less than the best still does.
    const isLightEnough = (level: Level) => wasBest || before === undefined || weight(level) <= weight(before);
    const step = this.#levels.findIndex(isLightEnough);
    this.#step = step < 0 ? this.#levels.length - 1 : step;
    this.#goTo(this.#levels[this.#step] as Level);
  }

  /** Chooses the level that the link carries, after an acknowledgement. Returns whether it is another one now. */
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

  /** The rendition has a new frame. */
  committed(rendition: Rendition): void {
    if (this.#next === rendition) {
      this.#next = null;
      this.#follow(rendition);
    } else if (this.#feed === rendition) {
      this.#viewer.frames.offer();
    }
  }

  /** There is a new whole picture. */
  published(): void {
    if (this.isOnPictures) this.#viewer.frames.offer();
  }

  /** The viewer is sent nothing from here on. */
  release(): void {
    this.#releaseNext();
    this.#follow(null);
  }

  /** Changes to a level. A rendition takes over with its first frame; until then the present feed goes on. */
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
