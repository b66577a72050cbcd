// The thread that fills the frames of two-tiles-source.ts.

import { parentPort, workerData } from "node:worker_threads";
import { DrawnMemory, type DrawRequest, type DrawResult } from "../src/capture/pattern/drawn-frames.ts";
import { SenderClock } from "../src/core/clock.ts";
import type { Size } from "../src/core/pixel-format.ts";
import { footageFrames } from "./footage.ts";
import { drawTileCode } from "./tile-code.ts";

if (parentPort === null) throw new Error("two-tiles-worker.ts must run as a worker thread");
const port = parentPort;
const size = workerData as Size;
const [scene] = footageFrames(size, 1, "yuvj420p");
const clock = new SenderClock();
const memory = new DrawnMemory();

port.on("message", (request: DrawRequest) => {
  const { frameNumber, requestedAt } = request;
  const pixels = memory.pixelsOf(request);
  clock.hear(requestedAt);
  // This copy replaces the one that a camera's driver makes when it fills a buffer.
  if (scene !== undefined) pixels.set(scene);
  const bornAt = clock.now();
  drawTileCode(pixels, size, { frameNumber, bornAt });
  port.postMessage({ bornAt } satisfies DrawResult);
});
