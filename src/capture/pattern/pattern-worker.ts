// The thread that draws the frames of the pattern source, so that the main thread does not handle pixels. pattern.ts starts it.

import { parentPort } from "node:worker_threads";
import { SenderClock } from "../../core/clock.ts";
import type { Size } from "../../core/pixel-format.ts";
import { DrawnMemory, type DrawRequest, type DrawResult } from "./drawn-frames.ts";
import { DrawnPlaces } from "./drawn-places.ts";
import { drawFrameCode } from "./frame-code.ts";
import { TestCard } from "./test-card.ts";

if (parentPort === null) throw new Error("pattern-worker.ts must run as a worker thread");
const port = parentPort;
const clock = new SenderClock();
const memory = new DrawnMemory();
let card: { size: Size; testCard: TestCard; places: DrawnPlaces } | null = null;

port.on("message", (request: DrawRequest) => {
  clock.hear(request.requestedAt);
  const size = { width: request.width, height: request.height };
  if (card?.size.width !== size.width || card.size.height !== size.height) {
    card = { size, testCard: new TestCard(size), places: new DrawnPlaces() };
  }
  const rgba = memory.pixelsOf(request);
  const { testCard, places } = card;
  testCard.draw(rgba, request.seconds, places.timesSince(request.address));
  places.add(request.address, request.seconds);
  // The capture time is taken when the picture is complete, because a camera's capture time is also that of its last line.
  const bornAt = clock.now();
  drawFrameCode(rgba, size, { frameNumber: request.frameNumber, bornAt });
  port.postMessage({ bornAt } satisfies DrawResult);
});
