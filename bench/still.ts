// `bench still`: the cost of a picture in which little or nothing moves, compared with sending every tile.

import { nowMicros } from "../src/core/clock.ts";
import { median } from "../src/core/statistics.ts";
import { atMost, type Bench, type Bound, round } from "./bench.ts";
import { CLIP_FRAMES, CLIP_SIZE, footageFrames, noisyStill } from "./footage.ts";
import { feedFrames, looped } from "./frame-feeder.ts";
import { cpuMsBetween, readCpuTimes } from "./process-figures.ts";
import { startDrainClients, startFedServer } from "./processes.ts";

/** With these flags the server encodes and sends every tile of every frame. */
const ALL_TILES_FLAGS: readonly string[] = ["--noise", "off"];

const FPS = 30;
/** The standard deviation in levels of 256. It is typical of a sensor in a lit room. */
const NOISE = 2;
const SIZE = `${CLIP_SIZE.width}x${CLIP_SIZE.height}`;

interface Scene {
  name: string;
  frames: () => Uint8Array[];
  /** Upper bounds, as shares of the cost of sending every tile. */
  limits: { bytes: number; cpu: number };
}

const SCENES: Scene[] = [
  {
    name: "people walking past a fixed camera",
    frames: () => footageFrames(CLIP_SIZE, CLIP_FRAMES, "yuvj420p"),
    limits: { bytes: 0.3, cpu: 0.45 },
  },
  {
    name: "nothing but a sensor's noise",
    frames: () => noisyStill(CLIP_FRAMES, NOISE),
    limits: { bytes: 0.02, cpu: 0.15 },
  },
];

/** The costs of a server in the measured time. */
interface Cost {
  frames: number;
  bytesPerFrame: number;
  /** The processor time in milliseconds per second, including the reading of frames from standard input. */
  cpuMsPerSecond: number;
}

interface Figures {
  scene: string;
  /** The processor time without a viewer, which is the cost of reading frames. Null if it was not measured. */
  feedingCpuMsPerSecond: number | null;
  sparing: Cost;
  everything: Cost;
  bytesRatio: number;
  /** The ratio of the processor time without reading frames, or null if it was not measured. */
  cpuRatio: number | null;
}

export const stillBench: Bench = async ({ quick, progress }) => {
  const figures: Figures[] = [];
  const bounds: Bound[] = [];
  for (const scene of SCENES) {
    progress(`still: ${scene.name}`);
    const measured = await (quick ? compareQuickly(scene) : compare(scene, progress));
    figures.push(measured);
    bounds.push(atMost(`bytes ÷ everything's, ${scene.name}`, measured.bytesRatio, scene.limits.bytes));
    if (measured.cpuRatio === null) continue;
    bounds.push(atMost(`CPU ÷ everything's, feeding left out, ${scene.name}`, measured.cpuRatio, scene.limits.cpu));
  }
  return {
    name: "still",
    figures: { size: SIZE, fps: FPS, scenes: figures },
    bounds,
    table: [
      ["scene", "", "frames", "kB/frame", "CPU ms/s", "beyond feeding", "ratio: bytes", "CPU"],
      ...figures.flatMap((each) => {
        const row = (cost: Cost) => [
          ...[String(cost.frames), (cost.bytesPerFrame / 1000).toFixed(2), cost.cpuMsPerSecond.toFixed(1)],
          each.feedingCpuMsPerSecond === null ? "" : (cost.cpuMsPerSecond - each.feedingCpuMsPerSecond).toFixed(1),
        ];
        return [
          [each.scene, "no viewer", "", "", each.feedingCpuMsPerSecond?.toFixed(1) ?? ""],
          ["", "everything", ...row(each.everything)],
          ["", "what changed", ...row(each.sparing), each.bytesRatio.toFixed(3), each.cpuRatio?.toFixed(3) ?? ""],
        ];
      }),
    ],
    chart: {
      title: `Sending only changed tiles, as a share of sending all tiles (${SIZE} at ${FPS} fps)`,
      panels: [
        {
          kind: "bars",
          title: "All tiles = 1",
          unit: "of all tiles",
          groups: figures.map(({ scene }) => scene),
          series: [
            { name: "bytes", values: figures.map(({ bytesRatio }) => bytesRatio) },
            { name: "the server's processor time", values: figures.map(({ cpuRatio }) => cpuRatio ?? Number.NaN) },
          ],
        },
      ],
    },
  };
};

/** The servers take turns, so that other work on the machine disturbs all of them. */
async function compare(scene: Scene, progress: (text: string) => void): Promise<Figures> {
  const frames = scene.frames();
  const contenders = await Promise.all([
    start(frames, [], false),
    start(frames, ALL_TILES_FLAGS, true),
    start(frames, [], true),
  ]);
  for (const contender of contenders) await contender.measure(WARM_UP_FPS, WARM_UP_MS);
  const costs: Cost[][] = contenders.map(() => []);
  for (let turn = 1; turn <= TURNS; turn++) {
    progress(`still: ${scene.name}, turn ${turn} of ${TURNS}`);
    for (const [index, contender] of contenders.entries()) costs[index]?.push(await contender.measure(FPS, TURN_MS));
  }
  for (const contender of contenders) await contender.stop();
  const [feeding, everything, sparing] = costs.map(total) as [Cost, Cost, Cost];
  return figuresOf(scene, feeding.cpuMsPerSecond, sparing, everything);
}

/** Puts the turns of a server together. Its processor time is the median. */
function total(turns: readonly Cost[]): Cost {
  const frames = turns.reduce((sum, turn) => sum + turn.frames, 0);
  const bytes = turns.reduce((sum, turn) => sum + turn.bytesPerFrame * turn.frames, 0);
  const cpuMsPerSecond = median(turns.map((turn) => turn.cpuMsPerSecond)) ?? Number.NaN;
  return { frames, bytesPerFrame: frames === 0 ? 0 : Math.round(bytes / frames), cpuMsPerSecond };
}

/** Runs two servers at the same time. Then their bytes can be compared, but not their times. */
async function compareQuickly(scene: Scene): Promise<Figures> {
  const frames = scene.frames();
  const contenders = await Promise.all([start(frames, ALL_TILES_FLAGS, true), start(frames, [], true)]);
  const costs = await Promise.all(contenders.map((contender) => contender.measure(FPS, TURN_MS)));
  for (const contender of contenders) await contender.stop();
  const [everything, sparing] = costs as [Cost, Cost];
  return figuresOf(scene, null, sparing, everything);
}

function figuresOf({ name }: Scene, feeding: number | null, sparing: Cost, everything: Cost): Figures {
  return {
    scene: name,
    feedingCpuMsPerSecond: feeding,
    sparing,
    everything,
    bytesRatio: round(sparing.bytesPerFrame / everything.bytesPerFrame),
    cpuRatio:
      feeding === null ? null : round((sparing.cpuMsPerSecond - feeding) / (everything.cpuMsPerSecond - feeding)),
  };
}

/**
 * At 30 frames a second the JIT compiler works for about 45 seconds, because it compiles what was called often enough. With more frames it
 * is done sooner.
 */
const WARM_UP_FPS = 120;
const WARM_UP_MS = 12_000;
const TURNS = 5;
/** This time is long enough for all frames. */
const TURN_MS = 2_000;
/** The time from the first frame of a turn to the measurement. The first picture sends every tile. */
const SETTLE_MS = 600;

/** A server that runs, and gets frames only while it is measured. */
interface Contender {
  measure(framesPerSecond: number, milliseconds: number): Promise<Cost>;
  stop(): Promise<void>;
}

async function start(frames: readonly Uint8Array[], flags: readonly string[], isWatched: boolean): Promise<Contender> {
  const server = await startFedServer([
    ...["--pixel-format", "yuvj420p", "--size", SIZE, "--fps", String(FPS), "--no-http"],
    ...flags,
  ]);
  const clients = isWatched ? await startDrainClients(server.port, 1) : null;
  const nextFrame = looped(frames);
  return {
    async measure(framesPerSecond, milliseconds) {
      const feeding = feedFrames(server.input, framesPerSecond, nextFrame);
      await Bun.sleep(SETTLE_MS);
      const [before, cpuBefore, startedAt] = [await clients?.report(), readCpuTimes(server.pid), nowMicros()];
      await Bun.sleep(milliseconds);
      const [after, cpuAfter, endedAt] = [await clients?.report(), readCpuTimes(server.pid), nowMicros()];
      await feeding.stop();
      const count = (after?.frames[0] ?? 0) - (before?.frames[0] ?? 0);
      if (isWatched && count === 0) throw new Error(`a server with ${flags.join(" ") || "no flags"} sent no frame`);
      return {
        frames: count,
        bytesPerFrame: count === 0 ? 0 : Math.round(((after?.bytes ?? 0) - (before?.bytes ?? 0)) / count),
        cpuMsPerSecond: round(cpuMsBetween(cpuBefore, cpuAfter) / ((endedAt - startedAt) / 1e6)),
      };
    },
    async stop() {
      await clients?.close();
      await server.stop();
    },
  };
}
