// `bun run soak`: server and viewer for ten minutes; memory must not grow, and no frame may come out of order.
//
// usage: bun run soak [minutes]

import { readFileSync } from "node:fs";
import { atMost, formatTable, round } from "./bench.ts";
import { runProbe, startServer } from "./processes.ts";

const SAMPLE_MS = 2_000;
/** Growth after the first minute that is still none: garbage comes and goes. */
const GROWTH_LIMIT = 1.05;

const minutes = Number(process.argv[2] ?? 10);
if (!(minutes >= 2)) {
  console.error("error: the soak takes a number of minutes, at least 2: the first is for warming up");
  process.exit(2);
}

/** Resident memory in MiB, as the kernel has it. */
function residentMiB(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024;
}

const server = await startServer(["--source", "pattern", "--size", "1280x720", "--fps", "30"]);
const samples = { server: [] as number[], viewer: [] as number[] };
let viewerPid = 0;
const probing = runProbe({
  port: server.port,
  seconds: minutes * 60,
  onStarted: (pid) => {
    viewerPid = pid;
  },
});
const sampling = setInterval(() => {
  samples.server.push(residentMiB(server.pid));
  samples.viewer.push(residentMiB(viewerPid));
  const seconds = (samples.server.length * SAMPLE_MS) / 1000;
  if (seconds % 60 === 0) {
    console.error(`${seconds / 60} min: server ${samples.server.at(-1)} MiB, viewer ${samples.viewer.at(-1)} MiB`);
  }
}, SAMPLE_MS);
const { report } = await probing;
clearInterval(sampling);
await server.stop();

/**
 * After the first minute: the least of the last third against the least of the first. Garbage makes memory a saw, with teeth
 * of some ten per cent that take minutes; what is never given back lifts the ground the teeth stand on.
 */
function growth(values: readonly number[]): number {
  const warm = values.slice(60_000 / SAMPLE_MS);
  const third = Math.floor(warm.length / 3);
  return Math.min(...warm.slice(-third)) / Math.min(...warm.slice(0, third));
}

const bounds = [
  atMost(
    "server's memory: ground of the last third ÷ of the first, after a minute",
    growth(samples.server),
    GROWTH_LIMIT,
  ),
  atMost(
    "viewer's memory: ground of the last third ÷ of the first, after a minute",
    growth(samples.viewer),
    GROWTH_LIMIT,
  ),
  atMost("frames out of order", report.outOfOrder, 0),
  atMost("frames damaged", report.unreadable, 0),
];
for (const [name, values] of Object.entries(samples)) {
  console.log(`${name}: ${Math.min(...values).toFixed(0)} to ${Math.max(...values).toFixed(0)} MiB`);
}
console.log(`${minutes} min, ${report.frames} frames, latency ${JSON.stringify(report.pixelLatencyMs)} ms`);
console.log(
  formatTable(
    bounds.map(({ name, value, bound, holds }) => [holds ? "holds" : "BROKEN", name, `${round(value)}`, bound]),
  ),
);
process.exit(bounds.every(({ holds }) => holds) ? 0 : 1);
