// The assignment of one viewer. It chooses what the viewer gets: a rendition (tiles in one size and quality) or whole pictures.
// The choice depends on the viewer's Wish message, its link and the source.

import type { Micros } from "../../../core/clock.ts";
import type { Size } from "../../../core/pixel-format.ts";
import type { PictureFeed } from "../../renditions/feed.ts";
import { halvingsFor, type Level, ladder, weight } from "../../renditions/ladder.ts";
import type { RenditionRegistry } from "../../renditions/registry.ts";
import { Rendition } from "../../renditions/rendition.ts";
import type { AudienceMember } from "../audience-member.ts";

/** What viewers get without an encoder of their own: whole pictures, or the tiles of another server. */
export type ReadyFeed = PictureFeed | Rendition;

/** The size of the source's pictures and the forms in which they can be sent. */
export interface SourceKind extends Size {
  /** Whether tiles can be encoded of the pictures, in any size and quality. */
  encodes: boolean;
  /** What is sent as it is, or null if there are only the tiles that are encoded here. */
  ready: ReadyFeed | null;
}

/** The feeds (streams of tiles or of whole pictures) that the viewers of a camera can get, and facts about the source. */
export interface Supply {
  /** The quality of the best level, 1 to 100. */
  quality: number;
  renditions: RenditionRegistry;
  /** The median time between two captured frames, or 0 while it is unknown. */
  captures: { readonly intervalMicros: number };
}

/**
 * Gives a viewer one feed at a time. If the feed is a rendition, the assignment counts as one of its users, so that it is
 * encoded.
 */
export class Assignment {
  readonly #viewer: AudienceMember;
  readonly #supply: Supply;
  /** The feed that the viewer gets. It is null before the first frame and while the viewer is paused. */
  #feed: ReadyFeed | null = null;
  /** The source's feed that is sent as it is, or null. */
  #ready: ReadyFeed | null = null;
  /** The feed that the viewer will get as soon as that feed has a frame, or null. */
  #next: Rendition | null = null;
  /** The levels (size and quality) that the viewer can get, with the best first. The list is empty when there is no choice. */
  #levels: Level[] = [];
  /** The index in `#levels` of the level of `#next`, or of `#feed` when `#next` is null. */
  #step = 0;

  constructor(viewer: AudienceMember, supply: Supply) {
    this.#viewer = viewer;
    this.#supply = supply;
  }

  /** Whether the viewer gets what is sent as it is. */
  get isOnReady(): boolean {
    return this.#feed !== null && this.#feed === this.#ready;
  }

  /** Whether the viewer gets tiles that are encoded here, or will get them. */
  get isOnTiles(): boolean {
    return this.#next !== null || isEncoded(this.#feed);
  }

  /**
   * Chooses a feed after the viewer has sent a Wish message or the source has changed: a rendition of the size that the viewer
   * wants, what is sent as it is, or no feed while the viewer is paused. `source` is null before the first frame.
   */
  choose(source: SourceKind | null): void {
    const { quality } = this.#supply;
    this.#ready = source?.ready ?? null;
    if (!this.#viewer.watching) {
      this.release();
      return;
    }
    if (source === null) {
      // Before the first frame nobody knows whether there will be tiles. A rendition is used anyway, because its user makes the
      // encoders start.
      this.#goTo({ halvings: 0, quality });
      return;
    }
    const { ready } = source;
    if (!source.encodes) {
      this.#levels = [];
      this.#sendReady();
      return;
    }
    const fromJpegs = ready === null ? undefined : this.#viewer.fromJpegs;
    const halvings = fromJpegs?.halvings(source) ?? halvingsFor(source, this.#viewer.wishedSize);
    const top: Level = { halvings, quality };
    const before = this.#levels[this.#step];
    const wasBest = this.#step === 0;
    const passedOn = fromJpegs === undefined ? (ready?.level ?? null) : null;
    this.#levels = ladder(source, top, this.#viewer.keepsSize, passedOn);
    // If the viewer was not at the best level before, its link is too slow for more bytes, so it does not get a level with more.
    const isLightEnough = (level: Level) => wasBest || before === undefined || weight(level) <= weight(before);
    const step = this.#levels.findIndex(isLightEnough);
    this.#step = step < 0 ? this.#levels.length - 1 : step;
    this.#goTo(this.#levels[this.#step] as Level);
  }

  /** Chooses the level that the link carries, after an acknowledgement at `now`. Returns whether the level has changed. */
  adapt(now: Micros): boolean {
    if (this.#feed === null || this.#next !== null || this.#levels.length === 0) return false;
    const step = this.#viewer.frames.adaptation.choose(this.#levels, this.#step, {
      now,
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

  /** Handles a new complete frame of a rendition. */
  committed(rendition: Rendition): void {
    if (this.#next === rendition) {
      this.#next = null;
      this.#follow(rendition);
    } else if (this.#feed === rendition) {
      this.#viewer.frames.offer();
    }
  }

  /** Handles a new whole picture. */
  published(): void {
    if (this.isOnReady) this.#viewer.frames.offer();
  }

  /** Stops sending frames to the viewer. */
  release(): void {
    this.#releaseNext();
    this.#follow(null);
  }

  /** Changes to a level. The current feed goes on until the new rendition has its first frame. */
  #goTo(level: Level): void {
    if (level.passedOn !== undefined) {
      this.#sendReady();
      return;
    }
    if (hasLevel(this.#next, level)) return;
    this.#releaseNext();
    if (hasLevel(this.#feed, level)) return;
    const next = this.#supply.renditions.acquire(level);
    this.#next = next;
    if (next.newestFrame > 0) this.committed(next);
  }

  #sendReady(): void {
    this.#releaseNext();
    this.#follow(this.#ready);
  }

  #follow(feed: ReadyFeed | null): void {
    if (this.#feed === feed) return;
    if (isEncoded(this.#feed)) this.#supply.renditions.release(this.#feed);
    this.#feed = feed;
    this.#viewer.frames.follow(feed);
  }

  #releaseNext(): void {
    if (this.#next !== null) this.#supply.renditions.release(this.#next);
    this.#next = null;
  }
}

/** Whether the feed is a rendition that is encoded here, for its users. */
function isEncoded(feed: ReadyFeed | null): feed is Rendition {
  return feed instanceof Rendition && feed.level.passedOn === undefined;
}

function hasLevel(feed: ReadyFeed | null, { halvings, quality }: Level): boolean {
  return isEncoded(feed) && feed.level.halvings === halvings && feed.level.quality === quality;
}
