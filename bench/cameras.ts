// `bench cameras`: one server with up to eight cameras of people who walk, each with one viewer that decodes, all on this machine.

import type { Size } from "../src/core/pixel-format.ts";
import { atLeast, atMost, type Bench, type Bound, round } from "./bench.ts";
import { footageCameras } from "./footage-source.ts";
import { cpuMsBetween, readCpuTimes } from "./process-figures.ts";
import type { ProbeWindow } from "./probe-viewer.ts";
import { type RunningProbe, type RunningServer, startFootageServer, startProbe } from "./processes.ts";

const SIZE: Size = { width: 1280, height: 720 };
const FPS = 30;
const WARM_UP_SECONDS = 3;

/** The smallest share of its camera's frames that a viewer may show: 29 of 30. */
const RATE_LIMIT = 0.967;
/** The 95th percentile of the time from capture to pixels ÷ the time between two frames: 60 ms. */
const P95_LIMIT = 1.8;
/** The tests run the short bench on machines that are busy with other work, where a viewer may show half of the frames. */
const BUSY_RATE_LIMIT = 0.5;
/** The viewer that shows the fewest frames ÷ the one that shows the most. No camera may take the threads away from another. */
const FAIRNESS_LIMIT = 0.6;

interface Figures {
  cameras: number;
  /** The viewer that shows the fewest frames. */
  leastFps: number;
  mostFps: number;
  /** The least rate of a viewer ÷ that of its camera. */
  leastShare: number;
  /** The largest value of a viewer. */
  p95Ms: number;
  p99Ms: number;
  /** The processor time of the server and of one viewer for each frame. */
  cpuMsPerFrame: { server: number; viewer: number };
  /** The processors that all of them use. */
  cores: number;
}

export const camerasBench: Bench = async ({ quick, progress }) => {
  const figures: Figures[] = [];
  for (const cameras of quick ? [1, 2] : [1, 2, 4, 8]) {
    progress(`cameras: ${cameras}`);
    figures.push(await measure(cameras, quick ? 3_000 : 10_000));
  }
  return {
    name: "cameras",
    figures: { fps: FPS, size: SIZE, cases: figures },
    bounds: quick ? quickBounds(figures) : figures.flatMap(boundsOf),
    table: [
      ["cameras", "least fps", "÷ captured", "p95 ms", "p99", "CPU ms/frame: server", "viewer", "cores"],
      ...figures.map(({ cameras, leastFps, leastShare, p95Ms, p99Ms, cpuMsPerFrame, cores }) => [
        ...[String(cameras), leastFps.toFixed(1), leastShare.toFixed(3), p95Ms.toFixed(1), p99Ms.toFixed(1)],
        ...[cpuMsPerFrame.server.toFixed(2), cpuMsPerFrame.viewer.toFixed(2), cores.toFixed(2)],
      ]),
    ],
    chart: {
      title: `One server with several cameras, each with a viewer (${SIZE.width}x${SIZE.height} at ${FPS} fps)`,
      panels: [
        {
          kind: "bars",
          title: "From capture to pixels, the viewer with the oldest pictures",
          unit: "ms",
          groups: figures.map(({ cameras }) => `${cameras}`),
          series: [{ name: "p95", values: figures.map(({ p95Ms }) => p95Ms) }],
        },
      ],
    },
  };
};

function boundsOf({ cameras, leastFps, p95Ms }: Figures): Bound[] {
  const label = labelOf(cameras);
  return [
    atLeast(`least viewer's rate ÷ nominal, ${label}`, leastFps / FPS, RATE_LIMIT),
    atMost(`p95 of capture → pixels ÷ a frame's interval, ${label}`, (p95Ms * FPS) / 1000, P95_LIMIT),
  ];
}

function labelOf(cameras: number): string {
  return cameras === 1 ? "1 camera" : `${cameras} cameras`;
}

function quickBounds(figures: readonly Figures[]): Bound[] {
  return figures.flatMap(({ cameras, leastFps, mostFps, leastShare }) => [
    atLeast(`least viewer's rate ÷ captured, ${labelOf(cameras)}`, leastShare, BUSY_RATE_LIMIT),
    ...(cameras === 1
      ? []
      : [atLeast(`least viewer's rate ÷ the most, ${labelOf(cameras)}`, leastFps / mostFps, FAIRNESS_LIMIT)]),
  ]);
}

async function measure(cameras: number, milliseconds: number): Promise<Figures> {
  const flags = ["--cameras", String(cameras)];
  const server = await startFootageServer({ kind: "still", size: SIZE, fps: FPS, flags });
  const probes = await Promise.all(
    footageCameras(cameras).map((name) =>
      startProbe({ port: server.port, camera: cameras === 1 ? "" : name, warmUpSeconds: WARM_UP_SECONDS }),
    ),
  );
  const pids = [server.pid, ...probes.map(({ pid }) => pid)];
  const before = pids.map(readCpuTimes);
  const startedAt = performance.now();
  const windows = await Promise.all(probes.map((probe) => probe.measure(milliseconds)));
  const passedMs = performance.now() - startedAt;
  const [serverMs = 0, ...viewerMs] = pids.map((pid, at) => cpuMsBetween(before[at] ?? new Map(), readCpuTimes(pid)));
  const captured = capturedRates(server);
  await endAll(probes, server);
  return figuresOf(windows, captured, { passedMs, serverMs, viewerMs: viewerMs.reduce((sum, each) => sum + each, 0) });
}

function figuresOf(
  windows: readonly ProbeWindow[],
  captured: readonly number[],
  { passedMs, serverMs, viewerMs }: { passedMs: number; serverMs: number; viewerMs: number },
): Figures {
  const frames = windows.reduce((sum, { fps }) => sum + (fps * passedMs) / 1000, 0);
  const shares = windows.map(({ fps }, index) => fps / Math.min(FPS, captured[index] ?? FPS));
  return {
    cameras: windows.length,
    leastFps: round(Math.min(...windows.map(({ fps }) => fps))),
    mostFps: round(Math.max(...windows.map(({ fps }) => fps))),
    leastShare: round(Math.min(...shares)),
    p95Ms: Math.max(...windows.map(({ pixelLatencyMs }) => pixelLatencyMs.p95)),
    p99Ms: Math.max(...windows.map(({ pixelLatencyMs }) => pixelLatencyMs.p99)),
    cpuMsPerFrame: { server: round(serverMs / frames), viewer: round(viewerMs / frames) },
    cores: round((serverMs + viewerMs) / passedMs),
  };
}

/** The rates of the cameras at the end of the measured time. If they are below the nominal rate, the machine was too busy. */
function capturedRates(server: RunningServer): number[] {
  const report = server.latest();
  return (report.cameras ?? [report]).map(({ fps }) => fps);
}

async function endAll(probes: readonly RunningProbe[], server: RunningServer): Promise<void> {
  await Promise.all(probes.map((probe) => probe.stop()));
  await server.stop();
}
