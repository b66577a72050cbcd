// Moves the clock of the process ahead, for tests of what happens only after seconds.

import { spyOn } from "bun:test";

let clock: ReturnType<typeof spyOn> | null = null;

/** Lets the clock run that many seconds ahead of the real one. */
export function moveClock(seconds: number): void {
  resetClock();
  const real = performance.now.bind(performance);
  clock = spyOn(performance, "now").mockImplementation(() => real() + seconds * 1000);
}

/** Stops the clock. The returned function moves it on by that many milliseconds. */
export function stopClock(): (milliseconds: number) => void {
  resetClock();
  let now = performance.now();
  clock = spyOn(performance, "now").mockImplementation(() => now);
  return (milliseconds) => {
    now += milliseconds;
  };
}

/** Call this after each test that moves the clock. */
export function resetClock(): void {
  clock?.mockRestore();
  clock = null;
}
