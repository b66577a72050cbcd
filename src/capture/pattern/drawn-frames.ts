// Frames that a thread of ours draws, one after the other at a pace: what the pattern and the benches' footage have in common.

import type { Worker } from "node:worker_threads";
import { type Micros, sleep } from "../../core/clock.ts";
import { SourceError } from "../../core/errors.ts";
import { frameBytes, type Size } from "../../core/pixel-format.ts";
import { pace } from "../../core/pace.ts";
import type { FrameSink } from "../source.ts";

/** What the thread is asked for: to fill a frame. */
export interface DrawRequest extends Size {
  /** Counts drawn frames from 1. */
  frameNumber: number;
  /** Since the source began. */
  seconds: number;
  /** In shared memory. */
  rgba: Uint8Array;
}

/** What it answers, once a request. */
export interface DrawResult {
  bornAt: Micros;
}

export interface DrawnFrames {
  /** Whose thread it is, for messages. */
  name: string;
  size: Size;
  /** 0: as fast as the encoders take them. */
  framesPerSecond: number;
  /** Draws; ended by `deliverDrawn`. */
  worker: Worker;
}

/** Delivers frames until the signal aborts. Rejects with SourceError when the thread dies. */
export async function deliverDrawn(frames: DrawnFrames, sink: FrameSink, signal: AbortSignal): Promise<void> {
  const { size, framesPerSecond, worker } = frames;
  const slotBytes = frameBytes("rgba", size.width, size.height);
  // Not a race against a promise of the thread's death: each race would stay registered with that promise as long as it lives.
  let waiting: PromiseWithResolvers<DrawResult> | null = null;
  let death: SourceError | null = null;
  worker.on("message", (result: DrawResult) => waiting?.resolve(result));
  worker.on("error", (cause) => {
    death = new SourceError(`the ${frames.name}'s thread died`, { retry: true, cause });
    waiting?.reject(death);
  });
  let frameNumber = 0;
  try {
    await pace(framesPerSecond, signal, async (seconds) => {
      if (death !== null) throw death;
      const slot = sink.reserve("rgba", size);
      if (slot === null) {
        if (framesPerSecond > 0) sink.lost();
        else await sleep(1, signal); // unpaced: the encoders set the pace
        return;
      }
      frameNumber++;
      waiting = Promise.withResolvers();
      const rgba = slot.bytes.subarray(0, slotBytes);
      worker.postMessage({ ...size, frameNumber, seconds, rgba } satisfies DrawRequest);
      try {
        const { bornAt } = await waiting.promise;
        sink.pixels(slot, "rgba", size, bornAt);
      } catch (error) {
        slot.release();
        throw error;
      }
    });
  } finally {
    await worker.terminate();
  }
}
