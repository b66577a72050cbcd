// `bun run soak`: server and viewer for ten minutes; memory must not grow, and no frame may come out of order.
//
// usage: bun run soak [minutes]

import { atMost, formatTable, round } from "./bench.ts";
import { growth, residentMiB } from "./process-figures.ts";
import { runProbe, startServer } from "./processes.ts";

const SAMPLE_MS = 2_000;
/** Growth after the first minute that is still none: garbage comes and goes. */
const GROWTH_LIMIT = 1.05;

const minutes = Number(process.argv[2] ?? 10);
if (!(minutes >= 2)) {
  console.error("error: the soak takes a number of minutes, at least 2: the first is for warming up");
  process.exit(2);
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

/** After the first minute: some teeth take that long. */
const growthOnceWarm = (values: readonly number[]) => growth(values.slice(60_000 / SAMPLE_MS));

const bounds = [
  atMost(
    "server's memory: ground of the last third ÷ of the first, after a minute",
    growthOnceWarm(samples.server),
    GROWTH_LIMIT,
  ),
  atMost(
    "viewer's memory: ground of the last third ÷ of the first, after a minute",
    growthOnceWarm(samples.viewer),
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
