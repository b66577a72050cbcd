// A source of real footage for benches: moving, still or frozen pictures with a frame code in the corner.
//
// The code changes with every frame of all kinds, because benches read frame numbers and times from pixels. In a frozen
// picture only the cells of the code change. They take at most a tenth of the picture's height.

import { readFileSync } from "node:fs";
import { Worker } from "node:worker_threads";
import type { Size } from "../src/core/pixel-format.ts";
import { deliverDrawn } from "../src/capture/pattern/drawn-frames.ts";
import type { Source } from "../src/capture/source.ts";
import { type FootageKind, footageFile } from "./footage-file.ts";
import type { FootageSetup } from "./footage-worker.ts";

/**
 * Creates the source. With `framesPerSecond` 0 it is as fast as the encoders. `run` makes the footage file if it is missing. Without the
 * code, frozen footage does not change at all.
 */
export function createFootageSource(kind: FootageKind, size: Size, framesPerSecond: number, hasCode = true): Source {
  const name = `${kind} footage`;
  return {
    name,
    framesPerSecond,
    run(sink, signal) {
      const setup: FootageSetup = { ...size, footage: load(footageFile(kind, size)), hasCode };
      const worker = new Worker(new URL("./footage-worker.ts", import.meta.url), { workerData: setup });
      return deliverDrawn({ name, size, framesPerSecond, worker }, sink, signal);
    },
  };
}

/** The names of the cameras of a server with `count` cameras of footage. */
export function footageCameras(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `camera ${index + 1}`);
}

const loaded = new Map<string, SharedArrayBuffer>();

/** Reads a file once, because 48 frames of 720p take 177 MB. */
function load(path: string): SharedArrayBuffer {
  const known = loaded.get(path);
  if (known !== undefined) return known;
  const bytes = readFileSync(path);
  const shared = new SharedArrayBuffer(bytes.length);
  new Uint8Array(shared).set(bytes);
  loaded.set(path, shared);
  return shared;
}
