// The rule "newest wins", which holds wherever a frame waits: a newer frame replaces the waiting one, so old frames never queue.

/**
 * Holds one waiting value. `offer` and `clear` return the value that is dropped, so that the caller can release its memory and
 * count it.
 *
 * @example
 * const waiting = new Newest<Frame>();
 * waiting.offer(frame)?.slot.release(); // an older frame that nobody took
 * const next = waiting.take();
 */
export class Newest<T> {
  #value: T | null = null;

  /** The waiting value, or null. Reading it does not remove it. */
  get value(): T | null {
    return this.#value;
  }

  /** Makes `value` the waiting value. Returns the value that it replaces, or null. */
  offer(value: T): T | null {
    const replaced = this.#value;
    this.#value = value;
    return replaced;
  }

  /** Removes the waiting value and returns it, or returns null when no value waits. */
  take(): T | null {
    const value = this.#value;
    this.#value = null;
    return value;
  }

  /**
   * Removes the waiting value and returns it, so that the caller can release it. It does the same as `take`, but says that the
   * value is dropped.
   */
  clear(): T | null {
    return this.take();
  }
}
