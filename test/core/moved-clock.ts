// The process's clock set ahead, for tests of what only happens after seconds.

import { spyOn } from "bun:test";

let clock: ReturnType<typeof spyOn> | null = null;

/** Lets the clock run so many seconds ahead of the real one. */
export function moveClock(seconds: number): void {
  resetClock();
  const real = performance.now.bind(performance);
  clock = spyOn(performance, "now").mockImplementation(() => real() + seconds * 1000);
}

/** To be called after each test that moves the clock. */
export function resetClock(): void {
  clock?.mockRestore();
  clock = null;
}
