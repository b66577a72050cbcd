// Real frames for benches: the clip in the fixtures, and a still scene of it with sensor noise.

import { fileURLToPath } from "node:url";
import { nowMicros } from "../src/core/clock.ts";
import { frameBytes, type Size } from "../src/core/pixel-format.ts";
import { drawFrameCode } from "../src/capture/pattern/frame-code.ts";
import { addNoise } from "./sensor-noise.ts";

export const CLIP = fileURLToPath(new URL("../test/fixtures/vtest-6s.mp4", import.meta.url));
export const CLIP_SIZE: Size = { width: 768, height: 576 };
export const CLIP_FRAMES = 60;

/** The first `count` frames in the given layout, each in its own memory. Throws if ffmpeg is not installed. */
export function footageFrames(size: Size, count: number, format: "rgba" | "yuvj420p"): Uint8Array[] {
  const { stdout, success, stderr } = Bun.spawnSync([
    ...["ffmpeg", "-loglevel", "error", "-i", CLIP, "-frames:v", String(count)],
    ...["-vf", `scale=${size.width}:${size.height}:out_range=full`, "-f", "rawvideo", "-pix_fmt", format, "pipe:1"],
  ]);
  if (!success) throw new Error(`ffmpeg could not read ${CLIP}: ${stderr.toString()}`);
  const bytes = frameBytes(format, size.width, size.height);
  return Array.from({ length: count }, (_, i) => new Uint8Array(stdout.subarray(i * bytes, (i + 1) * bytes)));
}

/** Returns the clip's frames as RGBA in an endless loop. The frame code in each says when the frame was requested. */
export function codedFootage(): () => Uint8Array {
  const frames = footageFrames(CLIP_SIZE, CLIP_FRAMES, "rgba");
  let frameNumber = 0;
  return () => {
    const frame = frames[frameNumber % frames.length] ?? new Uint8Array();
    drawFrameCode(frame, CLIP_SIZE, { frameNumber: ++frameNumber, bornAt: nowMicros() });
    return frame;
  };
}

/** `count` copies of one frame of the clip (yuvj420p), each with different noise on all samples. */
export function noisyStill(count: number, sigma: number): Uint8Array[] {
  const [still] = footageFrames(CLIP_SIZE, 1, "yuvj420p");
  if (still === undefined) throw new Error(`${CLIP} has no frame`);
  return Array.from({ length: count }, (_, index) => addNoise(still, sigma, index + 1));
}
