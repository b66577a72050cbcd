// Measures a server with many viewers that only read and acknowledge: their rates, and the server's processor time and memory.

import { nowMicros } from "../src/core/clock.ts";
import { median } from "../src/core/statistics.ts";
import { round } from "./bench.ts";
import { cpuMsBetween, readCpuTimes, residentMiB } from "./process-figures.ts";
import { startDrainClients } from "./processes.ts";

const MEMORY_SAMPLE_MS = 250;

export interface Draining {
  /** The whole frames a second of the viewer that gets the fewest, and of the one in the middle. */
  fps: { min: number; median: number };
  serverCores: number;
  bytesPerSecond: number;
  /** The server's memory during the measured time, in MiB. */
  memory: number[];
}

/** `rampUpMs` is the time before the measurement, when all viewers are connected. */
export async function measureDraining(
  server: { port: number; pid: number },
  viewers: number,
  { rampUpMs, measuredMs }: { rampUpMs: number; measuredMs: number },
): Promise<Draining> {
  const clients = await startDrainClients(server.port, viewers);
  await Bun.sleep(rampUpMs);
  const memory = [residentMiB(server.pid)];
  const sampling = setInterval(() => memory.push(residentMiB(server.pid)), MEMORY_SAMPLE_MS);
  const [before, cpuBefore, startedAt] = [await clients.report(), readCpuTimes(server.pid), nowMicros()];
  await Bun.sleep(measuredMs);
  const [after, cpuAfter, endedAt] = [await clients.report(), readCpuTimes(server.pid), nowMicros()];
  clearInterval(sampling);
  await clients.close();
  const seconds = (after.at - before.at) / 1e6;
  const rates = after.frames.map((frames, index) => (frames - (before.frames[index] ?? 0)) / seconds);
  return {
    fps: { min: round(Math.min(...rates)), median: round(median(rates) ?? 0) },
    serverCores: round(cpuMsBetween(cpuBefore, cpuAfter) / ((endedAt - startedAt) / 1000)),
    bytesPerSecond: Math.round((after.bytes - before.bytes) / seconds),
    memory,
  };
}
