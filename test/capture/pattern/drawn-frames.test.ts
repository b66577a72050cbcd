// deliverDrawn: its memory does not grow with the number of frames, and a thread that fails is reported and keeps no slot.

import { heapStats } from "bun:jsc";
import { expect, test } from "bun:test";
import { Worker } from "node:worker_threads";
import { deliverDrawn } from "../../../src/capture/pattern/drawn-frames.ts";
import { createPattern } from "../../../src/capture/pattern/pattern.ts";
import type { Delivery } from "../../../src/capture/source.ts";
import { RecordingSink } from "../../support/recording-sink.ts";

const SIZE = { width: 160, height: 90 };

/** Lends one slot again and again, and only counts the frames. */
class OneSlotSink extends RecordingSink {
  readonly #slot = super.reserve("rgba", SIZE);
  delivered = 0;

  override reserve() {
    return this.#slot;
  }

  override pixels(): Delivery {
    this.delivered++;
    return "taken";
  }
}

test("deliverDrawn: the number of promises does not grow with the number of frames", async () => {
  const sink = new OneSlotSink();
  const ending = new AbortController();
  const running = createPattern(SIZE, 0).run(sink, ending.signal);
  const held = async (frames: number): Promise<number> => {
    while (sink.delivered < frames) await Bun.sleep(5);
    Bun.gc(true);
    const counts = heapStats().objectTypeCounts;
    return Object.entries(counts).reduce((sum, [type, count]) => sum + (type.includes("Promise") ? count : 0), 0);
  };
  const early = await held(300);
  const late = await held(3_300);
  ending.abort();
  await running;
  expect(late - early).toBeLessThan(300); // a leak would give at least one promise for each frame
});

test("deliverDrawn: a thread that fails ends the source with an error and releases the slot", async () => {
  const sink = new RecordingSink();
  const worker = new Worker(
    `require("node:worker_threads").parentPort.on("message", () => setTimeout(() => { throw new Error("no ink"); }));`,
    { eval: true },
  );
  const running = deliverDrawn(
    { name: "sketch", size: SIZE, framesPerSecond: 30, worker },
    sink,
    new AbortController().signal,
  );
  expect(running).rejects.toThrow("the thread that draws the sketch failed");
  await running.catch(() => undefined);
  expect(sink).toMatchObject({ held: 0, frames: [] });
});
