// The delay of a process's event loop by its own work: without the time for which its main thread waited for a processor, because
// other programs were busy (Linux only).

import { readFileSync } from "node:fs";
import { LoopDelay } from "../../src/core/loop-delay.ts";
import { Durations } from "../../src/core/statistics.ts";
import type { LoopFinding } from "./findings.ts";

/** The time between two samples. They are ten times as many as those of the reports, so short delays are found as well. */
const SAMPLE_MS = 10;

/** Measures from now on. Returns a function that returns the figures so far. */
export function measureOwnDelay(): () => LoopFinding {
  const own = new Durations();
  let waited = waitedMicros();
  const record = (micros: number) => {
    const before = waited;
    waited = waitedMicros();
    own.record(micros - (waited - before));
  };
  const loop = new LoopDelay({ record }, SAMPLE_MS);
  return () => ({ kind: "loop", delayMs: loop.delays.summary(), ownDelayMs: own.summary() });
}

/** How long the main thread has waited for a processor (schedstat in the kernel's Documentation/scheduler/sched-stats.rst). */
function waitedMicros(): number {
  return Number(readFileSync("/proc/self/schedstat", "utf8").split(" ")[1]) / 1000;
}
