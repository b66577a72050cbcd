// `bench still`: the cost of a picture in which little or nothing moves, compared with sending every tile.

import { nowMicros } from "../src/core/clock.ts";
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
  frames: (isQuick: boolean) => Uint8Array[];
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
    frames: (isQuick) => noisyStill(isQuick ? 20 : CLIP_FRAMES, NOISE),
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
  if (quick) progress("still: all scenes");
  const quickly = quick ? await Promise.all(SCENES.map(compareQuickly)) : null;
  for (const [index, scene] of SCENES.entries()) {
    const measured = quickly?.[index] ?? (await compare(scene, progress));
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

async function compare(scene: Scene, progress: (text: string) => void): Promise<Figures> {
  const frames = scene.frames(false);
  progress(`still: ${scene.name}, no viewer`);
  const feeding = await measure(frames, [], false, LONG);
  progress(`still: ${scene.name}, all tiles`);
  const everything = await measure(frames, ALL_TILES_FLAGS, true, LONG);
  progress(`still: ${scene.name}, tiles that changed`);
  const sparing = await measure(frames, [], true, LONG);
  return figuresOf(scene, feeding.cpuMsPerSecond, sparing, everything);
}

/** Runs two servers for each scene, all at the same time. Then their bytes can be compared, but not their times. */
async function compareQuickly(scene: Scene): Promise<Figures> {
  const frames = scene.frames(true);
  const [everything, sparing] = await Promise.all([
    measure(frames, ALL_TILES_FLAGS, true, SHORT),
    measure(frames, [], true, SHORT),
  ]);
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

interface Duration {
  /** The frames per second during the warm-up. */
  warmUpFps: number;
  warmUpMs: number;
  measuredMs: number;
}

/**
 * At 30 frames a second the JIT compiler works for about 45 seconds, because it compiles what was called often enough. With more frames it
 * is done sooner. The first picture sends every tile.
 */
const LONG: Duration = { warmUpFps: 120, warmUpMs: 12_000, measuredMs: 10_000 };
const SHORT: Duration = { warmUpFps: FPS, warmUpMs: 600, measuredMs: 2_000 };
/** The time from the warm-up to the measurement. */
const SETTLE_MS = 500;

async function measure(
  frames: readonly Uint8Array[],
  flags: readonly string[],
  isWatched: boolean,
  { warmUpFps, warmUpMs, measuredMs }: Duration,
): Promise<Cost> {
  const server = await startFedServer([
    ...["--pixel-format", "yuvj420p", "--size", SIZE, "--fps", String(FPS)],
    ...flags,
  ]);
  const nextFrame = looped(frames);
  const warmUp = feedFrames(server.input, warmUpFps, nextFrame);
  const clients = isWatched ? await startDrainClients(server.port, 1) : null;
  await Bun.sleep(warmUpMs);
  await warmUp.stop();
  const feeding = feedFrames(server.input, FPS, nextFrame);
  await Bun.sleep(SETTLE_MS);
  const [before, cpuBefore, startedAt] = [await clients?.report(), readCpuTimes(server.pid), nowMicros()];
  await Bun.sleep(measuredMs);
  const [after, cpuAfter, endedAt] = [await clients?.report(), readCpuTimes(server.pid), nowMicros()];
  await clients?.close();
  await feeding.stop();
  await server.stop();
  const count = (after?.frames[0] ?? 0) - (before?.frames[0] ?? 0);
  if (isWatched && count === 0) throw new Error(`a server with ${flags.join(" ") || "no flags"} sent no frame`);
  return {
    frames: count,
    bytesPerFrame: count === 0 ? 0 : Math.round(((after?.bytes ?? 0) - (before?.bytes ?? 0)) / count),
    cpuMsPerSecond: round(cpuMsBetween(cpuBefore, cpuAfter) / ((endedAt - startedAt) / 1e6)),
  };
}
