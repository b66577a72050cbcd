// Processor time and memory of a running process, from /proc (Linux only).

import { readdirSync, readFileSync } from "node:fs";

/** The processor time of each thread since its start, in nanoseconds. */
export type CpuTimes = Map<string, number>;

/**
 * Reads the processor time of each thread from `schedstat`, which counts nanoseconds. /proc/PID/stat counts hundredths of a
 * second, in which several frames pass.
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

/** The milliseconds of processor time between two readings, without the threads that ended in between. */
export function cpuMsBetween(before: CpuTimes, after: CpuTimes): number {
  let sum = 0;
  for (const [thread, nanoseconds] of after) sum += nanoseconds - (before.get(thread) ?? 0);
  return sum / 1e6;
}

/** The resident memory of a process in MiB. */
export function residentMiB(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024;
}

/** Returns the MiB in the send queues of a port's connections, also of those that the process has closed, from /proc/net/tcp (proc(5)). Its numbers are hexadecimal. */
export function sendQueuesMiB(port: number): number {
  const local = port.toString(16).toUpperCase().padStart(4, "0");
  const queues = readFileSync("/proc/net/tcp", "utf8").matchAll(
    /^ *\d+: [0-9A-F]{8}:([0-9A-F]{4}) \S+ \S+ ([0-9A-F]{8}):/gm,
  );
  let bytes = 0;
  for (const [, localPort, queue] of queues) if (localPort === local) bytes += Number.parseInt(queue ?? "0", 16);
  return bytes / 2 ** 20;
}

/**
 * The minimum of the last third of the values ÷ the minimum of the first third. Garbage collection makes memory rise and fall
 * by about ten per cent; a leak raises the minimum.
 */
export function growth(values: readonly number[]): number {
  const third = Math.max(1, Math.floor(values.length / 3));
  return Math.min(...values.slice(-third)) / Math.min(...values.slice(0, third));
}
