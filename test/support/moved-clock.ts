// The process's clock set ahead, for tests of what only happens after seconds.

import { spyOn } from "bun:test";

let clock: ReturnType<typeof spyOn> | null = null;

/** Lets the clock run so many seconds ahead of the real one. */
export function moveClock(seconds: number): void {
  resetClock();
  const real = performance.now.bind(performance);
  clock = spyOn(performance, "now").mockImplementation(() => real() + seconds * 1000);
}

/** Stops the clock; what it returns lets it run so many milliseconds on. */
export function stopClock(): (milliseconds: number) => void {
  resetClock();
  let now = performance.now();
  clock = spyOn(performance, "now").mockImplementation(() => now);
  return (milliseconds) => {
    now += milliseconds;
  };
}

/** To be called after each test that moves the clock. */
export function resetClock(): void {
  clock?.mockRestore();
  clock = null;
}
