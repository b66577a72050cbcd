// Waiting for a condition in tests, with a message when it does not come true.

/** Waits until something has become true; says what it waited for when that does not come. */
export async function until(isTrue: () => boolean, what: string, patienceMs = 5_000): Promise<void> {
  const giveUpAt = performance.now() + patienceMs;
  while (!isTrue()) {
    if (performance.now() > giveUpAt) throw new Error(`waited in vain for ${what}`);
    await Bun.sleep(1);
  }
}
