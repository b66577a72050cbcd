// Delivers frames that a thread draws, one after the other at a given rate. The pattern and the benches' footage use this file.

import type { Worker } from "node:worker_threads";
import { type Micros, nowMicros, sleep } from "../../core/clock.ts";
import { SourceError } from "../../core/errors.ts";
import { frameBytes, type PixelFormat, type Size } from "../../core/pixel-format.ts";
import { pace } from "../../core/pace.ts";
import type { FrameSink } from "../source.ts";

/** A request to the thread to draw a frame. */
export interface DrawRequest extends Size {
  /** The number of the drawn frame, from 1 on. */
  frameNumber: number;
  /** The time since the start of the source, in seconds. */
  seconds: number;
  /**
   * The shared memory with the pixels. It comes with the first request and when it has grown, because each copy of this object counts
   * as much garbage as the whole memory.
   */
  memory?: SharedArrayBuffer;
  /** The place of the pixels to fill in that memory. */
  address: number;
  bytes: number;
  /** The time of the request in the main thread's clock. */
  requestedAt: Micros;
}

/** The thread's answer to each request. */
export interface DrawResult {
  /** The time when the frame was complete, in the main thread's clock. */
  bornAt: Micros;
}

export interface DrawnFrames {
  /** The source's name for messages. */
  name: string;
  size: Size;
  /** Default: rgba. */
  format?: PixelFormat;
  /** The frame rate. 0 means as fast as the encoders take frames. */
  framesPerSecond: number;
  /** The thread that draws. `deliverDrawn` ends it. */
  worker: Worker;
}

/** The thread's side of the shared memory. */
export class DrawnMemory {
  #memory = new SharedArrayBuffer(0);

  /** Returns the pixels to fill. */
  pixelsOf({ memory, address, bytes }: DrawRequest): Uint8Array {
    if (memory !== undefined) this.#memory = memory;
    return new Uint8Array(this.#memory, address, bytes);
  }
}

/** Delivers frames until the signal aborts. Rejects with SourceError when the thread fails. */
export async function deliverDrawn(frames: DrawnFrames, sink: FrameSink, signal: AbortSignal): Promise<void> {
  const { size, format = "rgba", framesPerSecond, worker } = frames;
  const slotBytes = frameBytes(format, size.width, size.height);
  // Promise.race with the thread's end is not used here, because each race adds a reaction to that promise, and the promise keeps
  // them as long as the thread runs.
  let waiting: PromiseWithResolvers<DrawResult> | null = null;
  let death: SourceError | null = null;
  worker.on("message", (result: DrawResult) => waiting?.resolve(result));
  worker.on("error", (cause) => {
    death = new SourceError(`the thread that draws the ${frames.name} failed`, { retry: "soon", cause });
    waiting?.reject(death);
  });
  let frameNumber = 0;
  let known: ArrayBufferLike | null = null;
  try {
    await pace(framesPerSecond, signal, async (seconds) => {
      if (death !== null) throw death;
      const slot = sink.reserve(format, size);
      if (slot === null) {
        if (framesPerSecond > 0) sink.lost();
        else await sleep(1, signal); // Without a rate the encoders decide when the next frame is drawn.
        return;
      }
      frameNumber++;
      waiting = Promise.withResolvers();
      const { buffer, byteOffset: address } = slot.bytes;
      const place = { ...(buffer === known ? {} : { memory: buffer as SharedArrayBuffer }), address, bytes: slotBytes };
      known = buffer;
      const requestedAt = nowMicros();
      worker.postMessage({ ...size, frameNumber, seconds, ...place, requestedAt } satisfies DrawRequest);
      try {
        const { bornAt } = await waiting.promise;
        sink.pixels(slot, format, size, bornAt);
      } catch (error) {
        slot.release();
        throw error;
      }
    });
  } finally {
    await worker.terminate();
  }
}
