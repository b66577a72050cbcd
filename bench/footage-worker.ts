// The thread that copies footage into frames. footage-source.ts starts it.

import { parentPort, workerData } from "node:worker_threads";
import { SenderClock } from "../src/core/clock.ts";
import { frameBytes, type Size } from "../src/core/pixel-format.ts";
import { DrawnMemory, type DrawRequest, type DrawResult } from "../src/capture/pattern/drawn-frames.ts";
import { drawFrameCode } from "../src/capture/pattern/frame-code.ts";

export interface FootageSetup extends Size {
  /** Raw RGBA frames. Several cameras share them. */
  footage: SharedArrayBuffer;
  /** Whether each frame has a frame code. */
  hasCode: boolean;
}

if (parentPort === null) throw new Error("footage-worker.ts must run as a worker thread");
const port = parentPort;
const { width, height, hasCode, ...setup } = workerData as FootageSetup;
const footage = new Uint8Array(setup.footage);
const bytes = frameBytes("rgba", width, height);
const frames = Array.from({ length: footage.length / bytes }, (_, i) => footage.subarray(i * bytes, (i + 1) * bytes));
const clock = new SenderClock();

const memory = new DrawnMemory();

port.on("message", (request: DrawRequest) => {
  const { frameNumber, requestedAt } = request;
  clock.hear(requestedAt);
  const rgba = memory.pixelsOf(request);
  // This copy replaces the one that a camera's driver makes when it fills a buffer.
  rgba.set(frames[(frameNumber - 1) % frames.length] as Uint8Array);
  const bornAt = clock.now();
  if (hasCode) drawFrameCode(rgba, { width, height }, { frameNumber, bornAt });
  port.postMessage({ bornAt } satisfies DrawResult);
});
