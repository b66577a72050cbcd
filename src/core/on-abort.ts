// Two helpers for AbortSignals: one calls a function when a signal aborts, and one stops waiting for a promise.

/**
 * Calls `act` once when `signal` aborts, or immediately when it has already aborted. Disposing the result removes the listener.
 *
 * @example
 * using stopping = onAbort(signal, () => child.kill());
 */
export function onAbort(signal: AbortSignal, act: () => void): Disposable {
  if (signal.aborted) {
    act();
    return { [Symbol.dispose]: () => undefined };
  }
  signal.addEventListener("abort", act, { once: true });
  return { [Symbol.dispose]: () => signal.removeEventListener("abort", act) };
}

/** Settles like `promise`, or rejects with the reason of `signal` when the signal aborts first. */
export async function untilAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  using _ = onAbort(signal, () => aborted.reject(signal.reason));
  return await Promise.race([promise, aborted.promise]);
}
