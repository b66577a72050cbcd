// `bench relay`: what a server between the camera's server and a viewer costs: the added age of the pictures, and processor time.

import { Durations, median } from "../src/core/statistics.ts";
import { atMost, type Bench, round } from "./bench.ts";
import { cpuMsBetween, readCpuTimes } from "./process-figures.ts";
import { type RunningServer, runProbe, startServer } from "./processes.ts";

const SIZE = "1280x720";
const FPS = 30;
/** The goals for a direct hop. The bounds are ratios to the age without a relay in the same run, so that they hold on any machine. */
const GOALS = { p50Ms: 1.5, p99Ms: 4, cpuMs: 0.6 };
const LIMITS = { p50: 1.5, cpu: 0.5 };

interface Watched {
  latencyMicros: readonly number[];
  /** The processor time of the server that the viewer watches, for each frame. */
  cpuMsPerFrame: number;
}

export const relayBench: Bench = async ({ quick, progress }) => {
  const origin = await startServer(["--source", "pattern", "--size", SIZE, "--fps", String(FPS)]);
  // Without a viewer the edge leaves the origin, so that it takes no time from the viewer there.
  const link = `slip://127.0.0.1:${origin.port}/`;
  const edge = await startServer(["--source", link, "--idle-release", "0.1"]);
  try {
    const all = { direct: new Durations(), relayed: new Durations() };
    const cpu = { direct: [] as number[], relayed: [] as number[] };
    const rounds = quick ? 1 : 8;
    for (let turn = 1; turn <= rounds; turn++) {
      for (const [way, server] of [
        ["direct", origin],
        ["relayed", edge],
      ] as const) {
        progress(`relay: round ${turn} of ${rounds}: ${way}`);
        const { latencyMicros, cpuMsPerFrame } = await watch(server, quick ? 3 : 8);
        for (const micros of latencyMicros) all[way].record(micros);
        cpu[way].push(cpuMsPerFrame);
      }
    }
    const [direct, relayed] = [all.direct.summary(), all.relayed.summary()];
    const added = { p50: round(relayed.p50 - direct.p50), p99: round(relayed.p99 - direct.p99) };
    const cpuMs = { direct: round(median(cpu.direct) ?? 0), relayed: round(median(cpu.relayed) ?? 0) };
    const row = (name: string, ms: typeof direct, processor: number) => [
      ...[name, ms.p50.toFixed(2), ms.p99.toFixed(2), processor.toFixed(2)],
    ];
    return {
      name: "relay",
      figures: { size: SIZE, fps: FPS, direct, relayed, addedMs: added, cpuMsPerFrame: cpuMs, goals: GOALS },
      bounds: [
        atMost("age over a relay ÷ without, p50", relayed.p50 / direct.p50, LIMITS.p50),
        atMost("processor time of the relay ÷ of the origin, a frame", cpuMs.relayed / cpuMs.direct, LIMITS.cpu),
      ],
      table: [
        ["", "p50 ms", "p99 ms", "server's CPU ms/frame"],
        row("viewer at the origin", direct, cpuMs.direct),
        row("viewer at the relay", relayed, cpuMs.relayed),
        ["added", added.p50.toFixed(2), added.p99.toFixed(2), ""],
        ["goal", String(GOALS.p50Ms), String(GOALS.p99Ms), String(GOALS.cpuMs)],
      ],
    };
  } finally {
    await edge.stop();
    await origin.stop();
  }
};

/** Watches a server for some seconds after a warm-up. */
async function watch(server: RunningServer, seconds: number): Promise<Watched> {
  let before = readCpuTimes(server.pid);
  let beganAt = performance.now();
  const { report } = await runProbe({
    port: server.port,
    seconds,
    warmUpSeconds: 2,
    onWarm: () => {
      before = readCpuTimes(server.pid);
      beganAt = performance.now();
    },
  });
  const cpuMs = cpuMsBetween(before, readCpuTimes(server.pid));
  const frames = ((performance.now() - beganAt) / 1000) * FPS;
  return { latencyMicros: report.pixelLatencyMicros, cpuMsPerFrame: cpuMs / frames };
}
