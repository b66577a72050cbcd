// Waits for a condition in tests, and throws if the condition does not become true.

/** Waits until the condition is true. After a time-out it throws an error that names the condition. */
export async function until(isTrue: () => boolean, what: string, patienceMs = 20_000): Promise<void> {
  const giveUpAt = performance.now() + patienceMs;
  while (!isTrue()) {
    if (performance.now() > giveUpAt) throw new Error(`waited in vain for ${what}`);
    await Bun.sleep(1);
  }
}
