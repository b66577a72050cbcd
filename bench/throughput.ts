// `bench throughput`: the most frames per second that the machine can carry, and the processor time of each.

import { atLeast, atMost, type Bench, type Bound, round } from "./bench.ts";
import type { Chart } from "./chart.ts";
import { measureCoresLeft } from "./cores-left.ts";
import { codecAloneMs } from "./latency.ts";
import { CORES, runProbe, startServer } from "./processes.ts";
import { threadClock } from "./thread-time.ts";

/** The share of the frames that the processors left by other programs could encode and decode if they did nothing else. */
const EFFICIENCY_LIMIT = 0.2;
/** The processor time of server and viewer for each shown frame ÷ the codec's time alone. */
const CPU_LIMIT = 4;

interface CpuMs {
  server: number;
  viewer: number;
}

export const throughputBench: Bench = async ({ quick, progress }) => {
  const sizes = quick
    ? [{ width: 1280, height: 720, fps: 0 }]
    : [
        { width: 1280, height: 720, fps: 0 },
        { width: 1920, height: 1080, fps: 0 },
      ];
  const table = [["picture", "fps", "p50 ms", "p99 ms", "CPU ms/frame: server", "viewer", "codec alone", "efficiency"]];
  const bounds: Bound[] = [];
  const figures: { width: number; height: number; fps: number; cpuMsPerFrame: CpuMs; codecMs: number }[] = [];
  for (const size of sizes) {
    const label = `${size.width}x${size.height}`;
    progress(`throughput ${label}`);
    const codecMs = await codecAloneMs(size, quick ? 10 : 20, threadClock());
    const coresLeft = measureCoresLeft();
    const own = process.cpuUsage();
    const server = await startServer(["--source", "pattern", "--size", label, "--fps", "0"]);
    const probe = await runProbe({ port: server.port, seconds: quick ? 6 : 15 });
    const served = await server.stop();
    const { frames, seconds, pixelLatencyMs } = probe.report;
    const fps = (frames - 1) / seconds;
    const { user, system } = process.cpuUsage(own);
    const cores = coresLeft(served.cpuMs + probe.cpuMs + (user + system) / 1000);
    const efficiency = (fps * codecMs) / 1000 / cores;
    const cpuMs = { server: served.cpuMs / frames, viewer: probe.cpuMs / frames };
    const said = { pixelLatencyMs, efficiency, cores: CORES, coresLeft: round(cores) };
    figures.push({ ...size, fps: round(fps), cpuMsPerFrame: cpuMs, codecMs, ...said });
    bounds.push(atLeast(`fps × codec time ÷ cores left, ${label}`, efficiency, EFFICIENCY_LIMIT));
    bounds.push(atMost(`CPU per frame ÷ codec time, ${label}`, (cpuMs.server + cpuMs.viewer) / codecMs, CPU_LIMIT));
    table.push([
      ...[label, fps.toFixed(1), pixelLatencyMs.p50.toFixed(1), pixelLatencyMs.p99.toFixed(1)],
      ...[cpuMs.server.toFixed(1), cpuMs.viewer.toFixed(1), codecMs.toFixed(1), efficiency.toFixed(2)],
    ]);
  }
  const groups = figures.map(({ width, height }) => `${width}x${height}`);
  const chart: Chart = {
    title: `Most frames that the machine carries (${CORES} cores for server and viewer)`,
    panels: [
      {
        kind: "bars",
        title: "Frames per second",
        unit: "fps",
        groups,
        series: [{ name: "fps", values: figures.map(({ fps }) => fps) }],
      },
      {
        kind: "bars",
        title: "Processor time per frame",
        unit: "ms",
        groups,
        series: [
          { name: "server", values: figures.map(({ cpuMsPerFrame }) => cpuMsPerFrame.server) },
          { name: "viewer", values: figures.map(({ cpuMsPerFrame }) => cpuMsPerFrame.viewer) },
          { name: "encoding and decoding alone", values: figures.map(({ codecMs }) => codecMs) },
        ],
      },
    ],
  };
  return { name: "throughput", figures: { sizes: figures }, bounds, table, chart };
};
