// Writes raw frames to a server's standard input, at the steady rate of a camera, until it is stopped.

import type { FileSink } from "bun";
import { pace } from "../src/core/pace.ts";

export interface Feeding {
  /** Stops. Resolves when the last frame is written completely. */
  stop(): Promise<void>;
}

/** `nextFrame` returns the next bytes to write. They must not change before it is called again. */
export function feedFrames(input: FileSink, framesPerSecond: number, nextFrame: () => Uint8Array): Feeding {
  const stopping = new AbortController();
  const feeding = pace(framesPerSecond, stopping.signal, async () => {
    input.write(nextFrame());
    await input.flush();
  });
  feeding.catch(() => undefined); // if the server ends, stop() throws
  return {
    async stop() {
      stopping.abort();
      await feeding;
    },
  };
}

/** Returns the frames in an endless loop. */
export function looped(frames: readonly Uint8Array[]): () => Uint8Array {
  let next = 0;
  return () => frames[next++ % frames.length] ?? new Uint8Array();
}
