// The renditions that somebody is sent, one for each level; made when first asked for, retired with their last user.

import type { Level } from "./ladder.ts";
import { Rendition } from "./rendition.ts";

export class RenditionRegistry {
  readonly #byLevel = new Map<string, Rendition>();
  #retired: Rendition[] = [];

  /** Those in use, the largest first, then the best. */
  get wanted(): Rendition[] {
    return [...this.#byLevel.values()].toSorted(
      ({ level: a }, { level: b }) => a.halvings - b.halvings || b.quality - a.quality,
    );
  }

  /** One more user of that level. */
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

  /** One user less. Without any, its tiles are no longer kept up to date, and whoever comes later gets a new one. */
  release(rendition: Rendition): void {
    if (--rendition.users > 0) return;
    this.#byLevel.delete(keyOf(rendition.level));
    if (rendition.picture !== null) this.#retired.push(rendition);
  }

  /** Those with tables that came out of use since the last call; that memory can be used again. */
  takeRetired(): Rendition[] {
    const retired = this.#retired;
    this.#retired = [];
    return retired;
  }
}

function keyOf({ halvings, quality }: Level): string {
  return `${halvings} ${quality}`;
}
