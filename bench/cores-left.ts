// The processors that other programs leave to a bench. With them a bound also holds on a busy machine.

import { cpus } from "node:os";

/**
 * Starts a measurement. The returned function ends it. It takes the processor time that the bench itself has used since the start, in
 * milliseconds, and returns the number of processors that other programs left on average, for example 1.8 of 2.
 */
export function measureCoresLeft(): (ownCpuMs: number) => number {
  const busyBefore = busyMs();
  const startedAt = performance.now();
  return (ownCpuMs) => {
    const elapsedMs = performance.now() - startedAt;
    const othersMs = Math.max(0, busyMs() - busyBefore - ownCpuMs);
    return Math.max(0, cpus().length - othersMs / elapsedMs);
  };
}

/** The processor time of all programs on all processors since the start of the system. */
function busyMs(): number {
  return cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0);
}
