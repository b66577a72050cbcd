// Waiting until something is true, woken by events instead of asking again and again.

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

  /** Wakes those that wait, if the condition is met now. Costs next to nothing while none wait. */
  check(): void {
    if (this.#waiters.size === 0 || !this.#isMet()) return;
    for (const wake of this.#waiters) wake();
  }

  /** Resolves when the condition is met (true) or `signal` aborts before (false); it never rejects. */
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
