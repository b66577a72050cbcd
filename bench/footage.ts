// Real frames for the codec bench: the clip of the fixtures, scaled by ffmpeg.

import { fileURLToPath } from "node:url";
import { frameBytes, type Size } from "../src/core/pixel-format.ts";

export const CLIP = fileURLToPath(new URL("../test/fixtures/vtest-6s.mp4", import.meta.url));

/** The first `count` frames in that layout, each in memory of its own. Throws where ffmpeg is not installed. */
export function footageFrames(size: Size, count: number, format: "rgba" | "yuvj420p"): Uint8Array[] {
  const { stdout, success, stderr } = Bun.spawnSync([
    ...["ffmpeg", "-loglevel", "error", "-i", CLIP, "-frames:v", String(count)],
    ...["-vf", `scale=${size.width}:${size.height}:out_range=full`, "-f", "rawvideo", "-pix_fmt", format, "pipe:1"],
  ]);
  if (!success) throw new Error(`ffmpeg could not read ${CLIP}: ${stderr.toString()}`);
  const bytes = frameBytes(format, size.width, size.height);
  return Array.from({ length: count }, (_, i) => new Uint8Array(stdout.subarray(i * bytes, (i + 1) * bytes)));
}
