// Acting on an AbortSignal, and taking the listener away again.

/**
 * Calls `act` once: when `signal` aborts, or at once when it has aborted already. Disposing removes the listener.
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
