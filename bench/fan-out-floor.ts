// The least that a server with many viewers can use: the processor time of a program that only writes the bytes and reads the
// acknowledgements (bare-fan-out.ts).

import { fileURLToPath } from "node:url";
import { round } from "./bench.ts";
import type { BareReport } from "./bare-fan-out.ts";
import { cpuMsBetween, readCpuTimes } from "./process-figures.ts";
import { readReports } from "./processes.ts";

const RAMP_UP_MS = 2_000;

export interface FloorFigures {
  cores: number;
  /** The processor time in microseconds for each frame of each viewer. */
  microsPerFrame: number;
}

export interface FloorOptions {
  viewers: number;
  bytesPerFrame: number;
  fps: number;
  measuredMs: number;
}

export async function measureFloor({ viewers, bytesPerFrame, fps, measuredMs }: FloorOptions): Promise<FloorFigures> {
  const server = start(["serve", bytesPerFrame, fps]);
  const listening = Promise.withResolvers<number>();
  const last = readReports<{ port: number } | BareReport>(server.stdout, (report) => {
    if ("port" in report) listening.resolve(report.port);
  });
  last.catch(listening.reject);
  const readers = start(["read", bytesPerFrame, await listening.promise, viewers]);
  const connected = Promise.withResolvers<void>();
  readReports(readers.stdout, () => connected.resolve()).catch(connected.reject);
  await connected.promise;
  await Bun.sleep(RAMP_UP_MS);
  const [before, startedAt] = [readCpuTimes(server.pid), performance.now()];
  await Bun.sleep(measuredMs);
  const [after, passedMs] = [readCpuTimes(server.pid), performance.now() - startedAt];
  for (const { stdin } of [server, readers]) stdin.end();
  await readers.exited;
  const { sent, skipped } = (await last) as BareReport;
  const cores = cpuMsBetween(before, after) / passedMs;
  const framesPerSecond = fps * viewers * (sent / (sent + skipped));
  return { cores: round(cores), microsPerFrame: round((cores * 1e6) / framesPerSecond) };
}

function start(args: readonly (string | number)[]) {
  const path = fileURLToPath(new URL("./bare-fan-out.ts", import.meta.url));
  return Bun.spawn([process.execPath, path, ...args.map(String)], { stdio: ["pipe", "pipe", "inherit"] });
}
