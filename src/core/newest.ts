// The rule that every hop of a frame follows: a newer value replaces the one that waits, so nothing old is queued.

/**
 * A place for one waiting value. Values that own memory are released by the caller: `offer` and `clear` return the value that
 * left without being taken, so that it can be released and counted.
 *
 * @example
 * const waiting = new Newest<Frame>();
 * waiting.offer(frame)?.slot.release(); // an older frame that nobody took
 * const next = waiting.take();
 */
export class Newest<T> {
  #value: T | null = null;

  /** The waiting value, which stays; null when there is none. */
  get value(): T | null {
    return this.#value;
  }

  /** Lets `value` wait. Returns the value that it replaces, or null. */
  offer(value: T): T | null {
    const replaced = this.#value;
    this.#value = value;
    return replaced;
  }

  /** Removes and returns the waiting value; null when there is none. */
  take(): T | null {
    const value = this.#value;
    this.#value = null;
    return value;
  }

  /** Like `take`, for a value that will not be used: the caller releases what is returned. */
  clear(): T | null {
    return this.take();
  }
}
