// Remembers which pictures each place in the memory may have parts of, so that a picture can be drawn over an earlier one.
//
// The encoder compares each frame with a reference, which is an earlier frame in its place, and copies the changed tiles of later
// frames into it (server/encode/scale.ts). So the pixels of a place are those of the picture that was drawn there, with parts of
// pictures that were drawn after it.

/** The number of remembered pictures. A place with an older one is drawn as a whole. */
const REMEMBERED = 16;

export class DrawnPlaces {
  /** The number of drawn pictures. */
  #drawn = 0;
  /** The times of the last pictures, with the newest last. */
  readonly #times: number[] = [];
  /** The number of pictures before the one that was drawn at an address. */
  readonly #places = new Map<number, number>();

  /**
   * Returns the times of the picture that was drawn at an address and of all later ones, or null if the place has no picture or an
   * old one.
   */
  timesSince(address: number): readonly number[] | null {
    const before = this.#places.get(address);
    if (before === undefined || this.#drawn - before > this.#times.length) return null;
    return this.#times.slice(before - this.#drawn);
  }

  /** Remembers that the picture of this time was drawn at an address. */
  add(address: number, seconds: number): void {
    this.#places.set(address, this.#drawn++);
    this.#times.push(seconds);
    if (this.#times.length > REMEMBERED) this.#times.shift();
  }
}
