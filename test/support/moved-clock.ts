// Moves the clock of the process ahead, for tests of behaviour that takes seconds.

import { spyOn } from "bun:test";

let clock: ReturnType<typeof spyOn> | null = null;

/** Sets the clock that number of seconds ahead of the real one. */
export function moveClock(seconds: number): void {
  resetClock();
  const real = performance.now.bind(performance);
  clock = spyOn(performance, "now").mockImplementation(() => real() + seconds * 1000);
}

/** Stops the clock. The returned function moves it on by a number of milliseconds. */
export function stopClock(): (milliseconds: number) => void {
  resetClock();
  let now = performance.now();
  clock = spyOn(performance, "now").mockImplementation(() => now);
  return (milliseconds) => {
    now += milliseconds;
  };
}

/** Tests that move the clock call this after each test. */
export function resetClock(): void {
  clock?.mockRestore();
  clock = null;
}
