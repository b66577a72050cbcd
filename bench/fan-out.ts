// `bench fan-out`: one server with up to 300 viewers, the frames that each viewer gets, and the load of the server. Its yardsticks are a
// bare program that sends the same bytes, and ustreamer.

import { atLeast, atMost, type Bench, type Bound, round } from "./bench.ts";
import { type Draining, measureDraining } from "./draining.ts";
import { measureFloor } from "./fan-out-floor.ts";
import { type FootageFigures, measureFootage, type Way } from "./fan-out-footage.ts";
import { growth, residentMiB } from "./process-figures.ts";
import { startServer } from "./processes.ts";

const FPS = 30;
const MOST = 300;
const SIZE = "1280x720";

/** The smallest share of the source's frames that a viewer may get: 29 of 30. */
const RATE_LIMIT = 0.967;
/** Viewers must not slow the source down. The rest is the noise of a busy machine. */
const CAPTURED_LIMIT = 0.9;
/** The number of processors that the server may use for 300 viewers, including the drawing and encoding of the pattern. */
const CORES_LIMIT = 0.5;
/** The processor time that a viewer adds for each frame ÷ that of a bare program (fan-out-floor.ts). */
const FLOOR_LIMIT = 2;
const FOOTAGE_VIEWERS = 100;
/** The server's cores ÷ those of ustreamer, when both get the same JPEGs. */
const USTREAMER_LIMIT = 0.8;
const OURS: readonly Way[] = ["encoded", "passed on"];
/** The memory at the end ÷ the memory when all viewers are connected. */
const GROWTH_LIMIT = 1.1;
/** Garbage collection makes memory rise and fall about every ten seconds. The run with a memory bound lasts three times that. */
const MEASURED_MS = { quick: 3_000, usual: 10_000, most: 30_000 };

interface Figures extends Omit<Draining, "memory"> {
  viewers: number;
  /** The rate of the source at the end of the measured time. If it is below the nominal rate, the machine was busy with other work. */
  capturedFps: number;
  memoryMiB: { start: number; rampedUp: number; end: number; max: number };
  memoryGrowth: number;
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
  // In a short run the JIT compiler takes more time than the viewers.
  const floor = quick ? null : await measureBare(figures, progress);
  if (floor !== null) {
    const name = `processor time of a frame for a viewer ÷ a bare program's, ${floor.viewers} viewers`;
    bounds.push(atMost(name, floor.ratio, FLOOR_LIMIT));
  }
  const footage = quick
    ? null
    : await measureFootage({ viewers: FOOTAGE_VIEWERS, rounds: 3, rampUpMs: 3_000, measuredMs: 6_000 }, progress);
  if (footage !== null) bounds.push(...footageBounds(footage));
  const groups = figures.map(({ viewers }) => (viewers === 1 ? "1 viewer" : `${viewers} viewers`));
  return {
    name: "fan-out",
    figures: { fps: FPS, size: SIZE, cases: figures, floor, footage },
    bounds,
    table: [
      ["viewers", "least fps", "median", "captured", "server's cores", "MiB: start", "ramped up", "end", "max", "MB/s"],
      ...figures.map(({ viewers, fps, capturedFps, serverCores, memoryMiB, bytesPerSecond }) => [
        ...[String(viewers), fps.min.toFixed(1), fps.median.toFixed(1), capturedFps.toFixed(1), serverCores.toFixed(2)],
        ...[memoryMiB.start, memoryMiB.rampedUp, memoryMiB.end, memoryMiB.max].map((mib) => mib.toFixed(0)),
        (bytesPerSecond / 1e6).toFixed(1),
      ]),
      ...(floor === null
        ? []
        : [[`a frame for a viewer: ${floor.ours} µs, ${floor.bare} for a bare program with ${floor.viewers} viewers`]]),
      ...Object.entries(footage?.ways ?? {}).map(([way, { leastFps, serverCores }]) => [
        ...[`${footage?.viewers}, moving, ${way}`, leastFps.toFixed(1), "", "", serverCores.toFixed(2)],
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

interface Floor {
  viewers: number;
  /** The processor time in microseconds that a further viewer adds for each frame. */
  ours: number;
  bare: number;
  ratio: number;
}

/** Compares the processor time that the most viewers add to that of one viewer with that of a bare program. */
async function measureBare(figures: readonly Figures[], progress: (text: string) => void): Promise<Floor> {
  const [one, most] = [figures[0], figures.at(-1)] as [Figures, Figures];
  const { viewers, fps, bytesPerSecond } = most;
  progress(`fan-out: a bare program with ${viewers} viewers`);
  const bytesPerFrame = Math.round(bytesPerSecond / fps.median / viewers);
  const { microsPerFrame: bare } = await measureFloor({
    viewers,
    bytesPerFrame,
    fps: FPS,
    measuredMs: MEASURED_MS.usual,
  });
  const ours = round(((most.serverCores - one.serverCores) * 1e6) / (fps.median * (viewers - 1)));
  return { viewers, ours, bare, ratio: ours / bare };
}

function footageBounds({ viewers, ways }: FootageFigures): Bound[] {
  const { ustreamer } = ways;
  return OURS.flatMap((way) => {
    const figures = ways[way];
    if (figures === undefined) return [];
    const label = `${viewers} viewers of moving footage, ${way}`;
    const rate = atLeast(`least viewer's rate ÷ nominal, ${label}`, figures.leastFps / FPS, RATE_LIMIT);
    if (ustreamer === undefined || way === "encoded") return [rate]; // ustreamer does not encode
    const ratio = figures.serverCores / ustreamer.serverCores;
    return [rate, atMost(`server's cores ÷ ustreamer's, ${label}`, ratio, USTREAMER_LIMIT)];
  });
}

async function measure(viewers: number, rampUpMs: number, measuredMs: number): Promise<Figures> {
  const pattern = ["--source", "pattern", "--size", SIZE, "--fps", String(FPS)];
  const server = await startServer([...pattern, "--max-viewers", String(MOST)]);
  const start = residentMiB(server.pid);
  const { memory, ...figures } = await measureDraining(server, viewers, { rampUpMs, measuredMs });
  const { fps: capturedFps } = server.latest();
  await server.stop();
  return {
    viewers,
    ...figures,
    capturedFps,
    memoryMiB: { start, rampedUp: memory[0] ?? 0, end: memory.at(-1) ?? 0, max: Math.max(start, ...memory) },
    memoryGrowth: round(growth(memory)),
  };
}
