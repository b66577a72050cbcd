// Runs a function when an AbortSignal aborts, and removes the listener afterwards.

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
