// `bench fan-out`: one server with up to 300 viewers, the frames that each viewer gets, and the load of the server.

import { nowMicros } from "../src/core/clock.ts";
import { median } from "../src/core/statistics.ts";
import { atLeast, atMost, type Bench, type Bound, round } from "./bench.ts";
import { cpuMsBetween, growth, readCpuTimes, residentMiB } from "./process-figures.ts";
import { startDrainClients, startServer } from "./processes.ts";

const FPS = 30;
const MOST = 300;
const SIZE = "1280x720";
const MEMORY_SAMPLE_MS = 250;

/** The smallest share of the source's frames that a viewer may get: 29 of 30. */
const RATE_LIMIT = 0.967;
/** Viewers must not slow the source down. The rest is the noise of a busy machine. */
const CAPTURED_LIMIT = 0.9;
/** The number of processors that the server may use for 300 viewers, including the drawing and encoding of the pattern. */
const CORES_LIMIT = 1;
/** The memory at the end ÷ the memory when all viewers are connected. */
const GROWTH_LIMIT = 1.1;
/** Garbage collection makes memory rise and fall about every ten seconds. The run with a memory bound lasts three times that. */
const MEASURED_MS = { quick: 3_000, usual: 10_000, most: 30_000 };

interface Figures {
  viewers: number;
  fps: { min: number; median: number };
  /** The rate of the source at the end of the measured time. If it is below the nominal rate, the machine was busy with other work. */
  capturedFps: number;
  serverCores: number;
  memoryMiB: { start: number; rampedUp: number; end: number; max: number };
  memoryGrowth: number;
  bytesPerSecond: number;
}

export const fanOutBench: Bench = async ({ quick, progress }) => {
  const figures: Figures[] = [];
  const counts = quick ? [1, 50] : [1, 10, 100, MOST];
  for (const viewers of counts) {
    progress(`fan-out: ${viewers} viewers`);
    const measuredMs = quick ? MEASURED_MS.quick : viewers === MOST ? MEASURED_MS.most : MEASURED_MS.usual;
    figures.push(await measure(viewers, quick ? 500 : 3_000, measuredMs));
  }
  const aloneFps = figures[0]?.capturedFps ?? 0;
  const bounds: Bound[] = figures.flatMap(({ viewers, fps, capturedFps, serverCores, memoryGrowth }) => [
    // The tests run the short bench on machines that are busy with other work. Its yardstick is the source with one viewer.
    ...(quick
      ? [
          atLeast(
            `least viewer's rate ÷ captured, ${viewers} viewers`,
            fps.min / Math.min(FPS, capturedFps),
            RATE_LIMIT,
          ),
          ...(viewers === 1
            ? []
            : [atLeast(`captured ÷ alone, ${viewers} viewers`, capturedFps / aloneFps, CAPTURED_LIMIT)]),
        ]
      : [atLeast(`least viewer's rate ÷ nominal, ${viewers} viewers`, fps.min / FPS, RATE_LIMIT)]),
    ...(viewers === MOST
      ? [
          atMost(`server's cores, ${viewers} viewers`, serverCores, CORES_LIMIT),
          atMost(`memory at the end ÷ ramped up, ${viewers} viewers`, memoryGrowth, GROWTH_LIMIT),
        ]
      : []),
  ]);
  const groups = figures.map(({ viewers }) => (viewers === 1 ? "1 viewer" : `${viewers} viewers`));
  return {
    name: "fan-out",
    figures: { fps: FPS, size: SIZE, cases: figures },
    bounds,
    table: [
      ["viewers", "least fps", "median", "captured", "server's cores", "MiB: start", "ramped up", "end", "max", "MB/s"],
      ...figures.map(({ viewers, fps, capturedFps, serverCores, memoryMiB, bytesPerSecond }) => [
        ...[String(viewers), fps.min.toFixed(1), fps.median.toFixed(1), capturedFps.toFixed(1), serverCores.toFixed(2)],
        ...[memoryMiB.start, memoryMiB.rampedUp, memoryMiB.end, memoryMiB.max].map((mib) => mib.toFixed(0)),
        (bytesPerSecond / 1e6).toFixed(1),
      ]),
    ],
    chart: {
      title: `One server, many viewers (${SIZE} at ${FPS} fps)`,
      panels: [
        {
          kind: "bars",
          title: "Frames per second of the viewer that gets the fewest",
          unit: "fps",
          groups,
          series: [{ name: "least fps", values: figures.map(({ fps }) => fps.min) }],
        },
        {
          kind: "bars",
          title: "Processors that the server uses",
          unit: "cores",
          groups,
          series: [{ name: "cores", values: figures.map(({ serverCores }) => serverCores) }],
        },
        {
          kind: "bars",
          title: "Resident memory of the server",
          unit: "MiB",
          groups,
          series: [
            { name: "before the first viewer", values: figures.map(({ memoryMiB }) => memoryMiB.start) },
            { name: "most", values: figures.map(({ memoryMiB }) => memoryMiB.max) },
          ],
        },
      ],
    },
  };
};

async function measure(viewers: number, rampUpMs: number, measuredMs: number): Promise<Figures> {
  const server = await startServer([
    "--source",
    "pattern",
    "--size",
    SIZE,
    "--fps",
    String(FPS),
    "--max-viewers",
    String(MOST),
  ]);
  const start = residentMiB(server.pid);
  const clients = await startDrainClients(server.port, viewers);
  await Bun.sleep(rampUpMs);
  const memory = [residentMiB(server.pid)];
  const sampling = setInterval(() => memory.push(residentMiB(server.pid)), MEMORY_SAMPLE_MS);
  const [before, cpuBefore, startedAt] = [await clients.report(), readCpuTimes(server.pid), nowMicros()];
  await Bun.sleep(measuredMs);
  const [after, cpuAfter, endedAt] = [await clients.report(), readCpuTimes(server.pid), nowMicros()];
  clearInterval(sampling);
  const { fps: capturedFps } = server.latest();
  await clients.close();
  await server.stop();
  const seconds = (after.at - before.at) / 1e6;
  const rates = after.frames.map((frames, index) => (frames - (before.frames[index] ?? 0)) / seconds);
  return {
    viewers,
    fps: { min: round(Math.min(...rates)), median: round(median(rates) ?? 0) },
    capturedFps,
    serverCores: round(cpuMsBetween(cpuBefore, cpuAfter) / ((endedAt - startedAt) / 1000)),
    memoryMiB: { start, rampedUp: memory[0] ?? 0, end: memory.at(-1) ?? 0, max: Math.max(start, ...memory) },
    memoryGrowth: round(growth(memory)),
    bytesPerSecond: Math.round((after.bytes - before.bytes) / seconds),
  };
}
