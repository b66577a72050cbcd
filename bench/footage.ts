// Real frames for the codec bench: the clip of the fixtures, scaled by ffmpeg.

import { fileURLToPath } from "node:url";
import type { Size } from "../src/core/pixel-format.ts";

export const CLIP = fileURLToPath(new URL("../test/fixtures/vtest-6s.mp4", import.meta.url));

/** The first `count` frames as RGBA, each in memory of its own. Throws where ffmpeg is not installed. */
export function footageFrames(size: Size, count: number): Uint8Array[] {
  const { stdout, success, stderr } = Bun.spawnSync([
    ...["ffmpeg", "-loglevel", "error", "-i", CLIP, "-frames:v", String(count)],
    ...["-vf", `scale=${size.width}:${size.height}`, "-f", "rawvideo", "-pix_fmt", "rgba", "pipe:1"],
  ]);
  if (!success) throw new Error(`ffmpeg could not read ${CLIP}: ${stderr.toString()}`);
  const bytes = size.width * size.height * 4;
  return Array.from({ length: count }, (_, i) => new Uint8Array(stdout.subarray(i * bytes, (i + 1) * bytes)));
}
