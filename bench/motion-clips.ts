// Writes scenes of `bench motion` to files, so that other programs can look for motion in them.
//
// Usage: bun bench/motion-clips.ts FOLDER

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { CLIP_SIZE } from "./footage.ts";
import { type Draw, FRAMES_PER_SECOND, lightSteps, NoisyStill, objects, rain } from "./motion-scenes.ts";

const SECONDS = 66;
/** Objects appear for two seconds, ten times. */
const TIMES = Array.from({ length: 10 }, (_, index) => ({ from: 6 + 6 * index, to: 8 + 6 * index }));
const SCENES: readonly (readonly [name: string, sigma: number, draw: Draw])[] = [
  ["object-0.5", 2, objects(0.005, TIMES, 7)],
  ["object-5", 2, objects(0.05, TIMES, 7)],
  ["noise-3", 3, () => undefined],
  ["light", 1, lightSteps(4)],
  ["rain", 1, rain(200, 3)],
];

const folder = process.argv[2];
if (folder === undefined) throw new Error("name a folder: bun bench/motion-clips.ts FOLDER");
mkdirSync(folder, { recursive: true });
const { width, height } = CLIP_SIZE;
for (const [name, sigma, draw] of SCENES) {
  const still = new NoisyStill(sigma, 11);
  const input = ["-f", "rawvideo", "-pix_fmt", "yuvj420p", "-s", `${width}x${height}`, "-r", String(FRAMES_PER_SECOND)];
  const output = ["-c:v", "mjpeg", "-q:v", "1", "-qmin", "1", join(folder, `${name}.avi`)];
  const child = Bun.spawn(["ffmpeg", "-y", "-loglevel", "error", ...input, "-i", "-", ...output], {
    stdio: ["pipe", "ignore", "inherit"],
  });
  for (let frame = 0; frame < SECONDS * FRAMES_PER_SECOND; frame++) {
    child.stdin.write(new Uint8Array(still.next(draw, frame / FRAMES_PER_SECOND)));
    await child.stdin.flush();
  }
  await child.stdin.end();
  if ((await child.exited) !== 0) throw new Error(`ffmpeg could not write ${name}.avi`);
}
