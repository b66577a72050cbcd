// Waits for a condition in tests, and throws if it does not become true.

/** Waits until the condition is true. Throws with what it waited for if that takes too long. */
export async function until(isTrue: () => boolean, what: string, patienceMs = 5_000): Promise<void> {
  const giveUpAt = performance.now() + patienceMs;
  while (!isTrue()) {
    if (performance.now() > giveUpAt) throw new Error(`waited in vain for ${what}`);
    await Bun.sleep(1);
  }
}
