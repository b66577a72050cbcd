// The registry of renditions. A rendition exists for each level (size and quality) that at least one viewer gets.

import type { Level } from "./ladder.ts";
import { Rendition } from "./rendition.ts";

export class RenditionRegistry {
  readonly #byLevel = new Map<string, Rendition>();
  #retired: Rendition[] = [];

  /** Whether no rendition is in use. */
  get isEmpty(): boolean {
    return this.#byLevel.size === 0;
  }

  /** The renditions in use, sorted by size and then by quality, with the largest first. */
  get wanted(): Rendition[] {
    return [...this.#byLevel.values()].toSorted(
      ({ level: a }, { level: b }) => a.halvings - b.halvings || b.quality - a.quality,
    );
  }

  /** Adds a user to the rendition of this level. */
  acquire(level: Level): Rendition {
    const key = keyOf(level);
    let rendition = this.#byLevel.get(key);
    if (rendition === undefined) {
      rendition = new Rendition(level);
      this.#byLevel.set(key, rendition);
    }
    rendition.users++;
    return rendition;
  }

  /** Removes a user. A rendition without users is no longer encoded, and the next user of the level gets a new one. */
  release(rendition: Rendition): void {
    if (--rendition.users > 0) return;
    this.#byLevel.delete(keyOf(rendition.level));
    if (rendition.picture !== null) this.#retired.push(rendition);
  }

  /**
   * Returns the renditions that lost their last user since the last call and have tables, so that the tables' memory can be
   * reused.
   */
  takeRetired(): Rendition[] {
    const retired = this.#retired;
    this.#retired = [];
    return retired;
  }
}

function keyOf({ halvings, quality }: Level): string {
  return `${halvings} ${quality}`;
}
