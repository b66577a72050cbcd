// A source for benches whose frames differ in two tiles only: a still scene with the time and the frame number (tile-code.ts).

import { Worker } from "node:worker_threads";
import { deliverDrawn } from "../src/capture/pattern/drawn-frames.ts";
import type { Source } from "../src/capture/source.ts";
import type { Size } from "../src/core/pixel-format.ts";

/** The kind of footage of this source (footage-server.ts). */
export const TWO_TILES = "two-tiles" as const;

export function createTwoTilesSource(size: Size, framesPerSecond: number): Source {
  const name = "two changing tiles";
  return {
    name,
    framesPerSecond,
    run(sink, signal) {
      const worker = new Worker(new URL("./two-tiles-worker.ts", import.meta.url), { workerData: size });
      return deliverDrawn({ name, size, format: "yuvj420p", framesPerSecond, worker }, sink, signal);
    },
  };
}
