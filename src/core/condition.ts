// A condition that code can wait for. Events wake the waiting code, so it does not poll.

import { onAbort } from "./on-abort.ts";

/**
 * A condition that others may wait for. Call `check` after each event that may have made it true.
 *
 * @example
 * const empty = new Condition(() => queue.length === 0);
 * await empty.wait(AbortSignal.timeout(2_000));
 */
export class Condition {
  readonly #isMet: () => boolean;
  readonly #waiters = new Set<() => void>();

  constructor(isMet: () => boolean) {
    this.#isMet = isMet;
  }

  /** Wakes the waiting callers if the condition is true now. The call is cheap when no caller waits. */
  check(): void {
    if (this.#waiters.size === 0 || !this.#isMet()) return;
    for (const wake of this.#waiters) wake();
  }

  /** Resolves with true when the condition is true, or with false when `signal` aborts first. The promise never rejects. */
  async wait(signal: AbortSignal): Promise<boolean> {
    if (this.#isMet()) return true;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const wake = () => resolve(true);
    this.#waiters.add(wake);
    using _ = onAbort(signal, () => resolve(false));
    try {
      return await promise;
    } finally {
      this.#waiters.delete(wake);
    }
  }
}
