// Footage for benches as a raw file. ffmpeg makes it from the clip in the fixtures, once for each kind and size.
//
// The file is a sequence of RGBA frames, so that programs in any language can read the same pictures. It stays in the
// system's folder for temporary files.

import { existsSync, renameSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { frameBytes, type Size } from "../src/core/pixel-format.ts";
import { CLIP } from "./footage.ts";

/**
 * `moving`: the picture pans in a circle over an enlarged scene, so every part of it changes with each frame.
 * `still`: the scene of the static camera, in which people walk. `frozen`: one frame of that scene.
 */
export const FOOTAGE_KINDS = ["moving", "still", "frozen"] as const;
export type FootageKind = (typeof FOOTAGE_KINDS)[number];

/** The size of the scene ÷ the size of the picture that pans over it. The radius of the circle is half of the difference. */
const ZOOM = 1.25;

/** The number of frames until the footage repeats. It is one round of the pan, so the pan has no jump. The people do jump. */
const FRAMES: Record<FootageKind, number> = { moving: 48, still: 48, frozen: 1 };

/** Makes the file unless it exists, which takes some seconds, and returns its path. Throws if ffmpeg is not installed or fails. */
export function footageFile(kind: FootageKind, size: Size): string {
  const filter = filterOf(kind, size);
  const bytes = FRAMES[kind] * frameBytes("rgba", size.width, size.height);
  // The name contains a hash of the recipe, so that a new recipe does not use an old file.
  const recipe = Bun.hash(`${filter} ${FRAMES[kind]}`).toString(16);
  const path = join(tmpdir(), `slipstream-footage-${kind}-${size.width}x${size.height}-${recipe}.rgba`);
  if (existsSync(path) && statSync(path).size === bytes) return path;
  const unfinished = `${path}.${process.pid}`; // the file is renamed when it is complete, because another process may look for it at the same time
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
  // The crop works on RGBA, because with subsampled chroma its position would be rounded to even pixels.
  return `scale=${scene.width}:${scene.height},format=rgba,crop=${width}:${height}:${place}`;
}
