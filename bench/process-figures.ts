// What the kernel knows of a running process: processor time and memory, read out of /proc (Linux only).

import { readdirSync, readFileSync } from "node:fs";

/** Processor time so far of each thread, in nanoseconds. */
export type CpuTimes = Map<string, number>;

/**
 * By thread out of `schedstat`, in nanoseconds: the sum in /proc/PID/stat counts hundredths of a second, which is several
 * frames.
 */
export function readCpuTimes(pid: number): CpuTimes {
  const folder = `/proc/${pid}/task`;
  return new Map(
    readdirSync(folder).map((thread) => [
      thread,
      Number(readFileSync(`${folder}/${thread}/schedstat`, "utf8").split(" ")[0]),
    ]),
  );
}

/** Milliseconds of processor time between two readings; what a thread did that ended in between is not in it. */
export function cpuMsBetween(before: CpuTimes, after: CpuTimes): number {
  let sum = 0;
  for (const [thread, nanoseconds] of after) sum += nanoseconds - (before.get(thread) ?? 0);
  return sum / 1e6;
}

/** Resident memory in MiB. */
export function residentMiB(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024;
}

/**
 * The least of the last third against the least of the first. Garbage makes memory a saw, with teeth of some ten per cent;
 * what is never given back lifts the ground the teeth stand on.
 */
export function growth(values: readonly number[]): number {
  const third = Math.max(1, Math.floor(values.length / 3));
  return Math.min(...values.slice(-third)) / Math.min(...values.slice(0, third));
}
