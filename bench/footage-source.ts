// A source of real footage for benches: moving, still or frozen pictures with a frame code in the corner.
//
// The code changes with every frame of all kinds, because benches read frame numbers and times from pixels. In a frozen
// picture only the cells of the code change. They take at most a tenth of the picture's height.

import { Worker } from "node:worker_threads";
import type { Size } from "../src/core/pixel-format.ts";
import { deliverDrawn } from "../src/capture/pattern/drawn-frames.ts";
import type { Source } from "../src/capture/source.ts";
import { type FootageKind, footageFile } from "./footage-file.ts";
import type { FootageSetup } from "./footage-worker.ts";

/** Creates the source. With `framesPerSecond` 0 it is as fast as the encoders. `run` makes the footage file if it is missing. */
export function createFootageSource(kind: FootageKind, size: Size, framesPerSecond: number): Source {
  const name = `${kind} footage`;
  return {
    name,
    framesPerSecond,
    run(sink, signal) {
      const setup: FootageSetup = { ...size, path: footageFile(kind, size) };
      const worker = new Worker(new URL("./footage-worker.ts", import.meta.url), { workerData: setup });
      return deliverDrawn({ name, size, framesPerSecond, worker }, sink, signal);
    },
  };
}
