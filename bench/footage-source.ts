// A source of real footage for benches: moving, still or frozen pictures, each with its frame code in the corner.
//
// The code changes with every frame, also where the rest does not (`still`, `frozen`): identities and times are read from
// pixels. So a frozen picture is frozen but for the cells of its code, a tenth of the picture's height at most.

import { Worker } from "node:worker_threads";
import type { Size } from "../src/core/pixel-format.ts";
import { deliverDrawn } from "../src/capture/pattern/drawn-frames.ts";
import type { Source } from "../src/capture/source.ts";
import { type FootageKind, footageFile } from "./footage-file.ts";
import type { FootageSetup } from "./footage-worker.ts";

/** `framesPerSecond` 0 means as fast as the encoders take them. The footage is made, where it has to be, by `run`. */
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
