// Moving footage for benches as a raw file: the clip of the fixtures, made by ffmpeg once per kind and size, then kept.
//
// The file holds whole RGBA frames one after the other, so that any program in any language can take the same pictures
// from it. It lies in the system's folder for temporary files.

import { existsSync, renameSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { frameBytes, type Size } from "../src/core/pixel-format.ts";
import { CLIP } from "./footage.ts";

/**
 * `moving`: the scene larger than the picture, which pans over it in a circle, so that every part changes with each frame.
 * `still`: the scene as the camera has it, static, people walking. `frozen`: one frame of it.
 */
export const FOOTAGE_KINDS = ["moving", "still", "frozen"] as const;
export type FootageKind = (typeof FOOTAGE_KINDS)[number];

/** How much larger than the picture the scene is that it pans over; half of what is over is the circle's radius. */
const ZOOM = 1.25;

/** Frames until the footage begins anew; a round of the pan, so that it goes on without a jump (people do jump). */
const FRAMES: Record<FootageKind, number> = { moving: 48, still: 48, frozen: 1 };

/**
 * The path of the file, which is made first where it is not there yet (some seconds).
 * Throws where ffmpeg is not installed or fails.
 */
export function footageFile(kind: FootageKind, size: Size): string {
  const filter = filterOf(kind, size);
  const bytes = FRAMES[kind] * frameBytes("rgba", size.width, size.height);
  // The recipe is part of the name, so that another recipe never meets an old file.
  const recipe = Bun.hash(`${filter} ${FRAMES[kind]}`).toString(16);
  const path = join(tmpdir(), `slipstream-footage-${kind}-${size.width}x${size.height}-${recipe}.rgba`);
  if (existsSync(path) && statSync(path).size === bytes) return path;
  const unfinished = `${path}.${process.pid}`; // renamed when whole: another process may look for it at the same time
  const { success, stderr } = Bun.spawnSync([
    ...["ffmpeg", "-loglevel", "error", "-nostdin", "-y", "-i", CLIP, "-frames:v", String(FRAMES[kind])],
    ...["-vf", filter, "-f", "rawvideo", "-pix_fmt", "rgba", unfinished],
  ]);
  if (!success || statSync(unfinished).size !== bytes) {
    rmSync(unfinished, { force: true });
    throw new Error(`ffmpeg could not make footage of ${CLIP}: ${stderr.toString()}`);
  }
  renameSync(unfinished, path);
  return path;
}

function filterOf(kind: FootageKind, { width, height }: Size): string {
  if (kind !== "moving") return `scale=${width}:${height},format=rgba`;
  const scene = { width: Math.round(width * ZOOM), height: Math.round(height * ZOOM) };
  const radius = { x: (scene.width - width) / 2, y: (scene.height - height) / 2 };
  const turn = `2*PI*n/${FRAMES.moving}`;
  const place = `x='${radius.x}*(1+sin(${turn}))':y='${radius.y}*(1+cos(${turn}))'`;
  // Cropped as RGBA: with subsampled chroma the place would be rounded to even pixels.
  return `scale=${scene.width}:${scene.height},format=rgba,crop=${width}:${height}:${place}`;
}
