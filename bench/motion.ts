// `bench motion`: the events that motion detection finds, misses and makes up, and the time of a frame in the detector.
//
// Frames with known motion go through a real server, with their own times, so that minutes of footage take seconds.

import { nowMicros } from "../src/core/clock.ts";
import { createCamera, serve } from "../src/index.ts";
import { MotionDetector } from "../src/server/motion/detector.ts";
import type { MotionReport } from "../src/core/motion.ts";
import { randomSequence } from "../test/support/generated-pictures.ts";
import { atMost, type Bench, type Bound, round } from "./bench.ts";
import { CLIP_SIZE } from "./footage.ts";
import {
  type Appearance,
  type Draw,
  FRAMES_PER_SECOND,
  lightSteps,
  NoisyStill,
  objects,
  rain,
  screen,
} from "./motion-scenes.ts";

/** The times of a scene begin after this time, because the first seconds of a camera do not count. */
const START_SECONDS = 4;
const FOR_MS = 300;
const FRAME_MS = 1000 / FRAMES_PER_SECOND;

interface Scene {
  name: string;
  sigma: number;
  noise: number;
  seconds: number;
  draw: Draw;
  /** The times at which something moves. Any other event is a false one. */
  appearances: Appearance[];
}

interface Outcome {
  name: string;
  sigma: number;
  noise: number;
  minutes: number;
  appearances: number;
  found: number;
  false: number;
  /** The largest time from the appearance to the start of the event, without `for`, in frames. Null if nothing was found. */
  delayFrames: number | null;
}

export const motionBench: Bench = async ({ quick, progress }) => {
  const outcomes: Outcome[] = [];
  for (const scene of scenesOf(quick)) {
    progress(`motion: ${scene.name}, σ ${scene.sigma}, --noise ${scene.noise}`);
    outcomes.push(await watch(scene));
  }
  progress("motion: time of a frame");
  const detectorMs = [768, 1280, 1920, 3840].map((width) => ({ width, ...frameMs(width) }));
  const bounds: Bound[] = [];
  for (const { name, sigma, noise, appearances, found, false: made, delayFrames } of outcomes) {
    const what = `${name}, σ ${sigma}, --noise ${noise}`;
    const isSmall = name.startsWith("object of 0.2 %");
    if (name !== "screen") bounds.push(atMost(`false events: ${what}`, made, 0));
    if (appearances > 0 && !isSmall) bounds.push(atMost(`missed: ${what}`, appearances - found, 0));
    if (delayFrames !== null && !isSmall) bounds.push(atMost(`delay in frames: ${what}`, delayFrames, 2));
  }
  const rows = outcomes.map(({ name, sigma, noise, minutes, appearances, found, false: made, delayFrames }) => [
    ...[name, `σ ${sigma}`, String(noise), `${minutes} min`],
    ...[`${found} of ${appearances}`, String(made), delayFrames === null ? "" : delayFrames.toFixed(1)],
  ]);
  const times = detectorMs.map(({ width, ms, tiles }) => [`a frame of ${tiles} tiles (${width} wide): ${ms} ms`]);
  const header = ["scene", "noise of the sensor", "--noise", "length", "found", "false", "delay after `for` (frames)"];
  return { name: "motion", figures: { outcomes, detectorMs }, bounds, table: [header, ...rows, ...times] };
};

/** The noise of sensors, each with `--noise`. A short run has the first one only. */
type Noises = readonly (readonly [sigma: number, noise: number])[];
const NOISES: Noises = [
  [1, 2],
  [2, 2],
  [3, 2],
  [3, 3],
  [4, 4],
  [5, 2],
  [5, 5],
];
const OBJECT_NOISES: Noises = [
  [1, 2],
  [2, 2],
  [3, 3],
  [5, 5],
];

function scenesOf(quick: boolean): Scene[] {
  const minutes = quick ? 0.2 : 10;
  const scenes: Scene[] = [];
  const add = (
    name: string,
    sigma: number,
    noise: number,
    seconds: number,
    draw: Draw,
    appearances: Appearance[] = [],
  ) => scenes.push({ name, sigma, noise, seconds: START_SECONDS + seconds, draw, appearances });
  const some = <Value>(values: readonly Value[]) => (quick ? values.slice(0, 1) : values);
  for (const [sigma, noise] of some(NOISES)) add("noise", sigma, noise, 60 * minutes, () => undefined);
  const appearances = Array.from({ length: quick ? 2 : 20 }, (_, index) => {
    const from = START_SECONDS + 6 * index;
    return { from, to: from + 2 };
  });
  const length = 6 * appearances.length;
  for (const percent of quick ? [0.5] : [0.2, 0.5, 1, 5]) {
    for (const [sigma, noise] of some(OBJECT_NOISES))
      add(`object of ${percent} %`, sigma, noise, length, objects(percent / 100, appearances, 7), appearances);
  }
  const seconds = quick ? 12 : 120;
  add("light switched", 1, 2, seconds, lightSteps(4));
  add("rain", 1, 2, seconds, rain(200, 3));
  if (!quick) add("screen", 1, 2, 180, screen(5));
  return scenes;
}

/** Serves a scene, and compares the events with what was drawn. */
async function watch({ name, sigma, noise, seconds, draw, appearances }: Scene): Promise<Outcome> {
  const camera = createCamera({ framesPerSecond: FRAMES_PER_SECOND });
  const events: MotionReport[] = [];
  let isEncoded: () => void = () => undefined;
  await using server = await serve({
    ...{ port: 0, keyStore: null, announce: false },
    cameras: [{ source: camera, noise, motion: { forMs: FOR_MS, quietSeconds: 2 } }],
    onEvent: (event) => events.push(event),
    onTiles: () => isEncoded(),
  });
  const still = new NoisyStill(sigma, 11);
  // The times are in the future, so that the server's own clock ends no event.
  const begins = nowMicros() + 3_600_000_000;
  for (let frame = 0; frame < seconds * FRAMES_PER_SECOND; frame++) {
    const second = frame / FRAMES_PER_SECOND;
    const { promise, resolve } = Promise.withResolvers<void>();
    isEncoded = resolve;
    camera.push(still.next(draw, second), {
      ...{ ...CLIP_SIZE, format: "yuvj420p" as const },
      capturedAt: begins + Math.round(second * 1e6),
    });
    await promise;
  }
  await server.close();
  const starts = events.filter(({ phase }) => phase === "start");
  const delays: number[] = [];
  for (const { from, to } of appearances) {
    const event = starts.find(({ moved }) => isWithin(secondOf(moved, begins), { from, to }));
    if (event !== undefined) delays.push((secondOf(event.moved, begins) - from) * 1000 - FOR_MS);
  }
  const made = starts.filter(({ moved }) => !appearances.some((each) => isWithin(secondOf(moved, begins), each)));
  return {
    ...{ name, sigma, noise, minutes: round(seconds / 60), appearances: appearances.length },
    ...{ found: delays.length, false: made.length },
    delayFrames: delays.length === 0 ? null : round(Math.max(...delays) / FRAME_MS),
  };
}

function secondOf(time: string, begins: number): number {
  return Date.parse(time) / 1000 - begins / 1e6;
}

/** Whether an event began while something moved, or in the frame after it. */
function isWithin(second: number, { from, to }: Appearance): boolean {
  return second >= from - 0.001 && second <= to + 2 / FRAMES_PER_SECOND;
}

/** Returns the median time of a frame of the width in the detector, when 5 % of its tiles have changed. */
function frameMs(width: number): { tiles: number; ms: number } {
  const height = Math.round((width * 9) / 16);
  const grid = { width, height, columns: width / 128, lines: Math.ceil(height / 16), tileWidth: 128, tileHeight: 16 };
  const detector = new MotionDetector(
    { area: 0.005, forMicros: 300_000, quietMicros: 5e6, zones: [] },
    () => undefined,
  );
  const tiles = grid.columns * grid.lines;
  const random = randomSequence(1);
  const frames = Array.from({ length: 64 }, () => Uint8Array.from({ length: tiles }, () => (random() < 0.05 ? 1 : 0)));
  const times: number[] = [];
  for (let frame = 0; frame < 5_000; frame++) {
    const began = performance.now();
    detector.frame(frame * 33_333, grid, frames[frame % 64] as Uint8Array);
    times.push(performance.now() - began);
  }
  times.sort((a, b) => a - b);
  return { tiles, ms: round(times[times.length >> 1] as number) };
}
