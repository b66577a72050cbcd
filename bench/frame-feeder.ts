// Raw frames into a server's standard input, at an even pace and without end, as a camera gives them.

import type { FileSink } from "bun";
import { pace } from "../src/core/pace.ts";

export interface Feeding {
  /** Resolves when the last frame is written whole. */
  stop(): Promise<void>;
}

/** `nextFrame` gives the bytes to be written at that moment; they may change only when it is asked again. */
export function feedFrames(input: FileSink, framesPerSecond: number, nextFrame: () => Uint8Array): Feeding {
  const stopping = new AbortController();
  const feeding = pace(framesPerSecond, stopping.signal, async () => {
    input.write(nextFrame());
    await input.flush();
  });
  feeding.catch(() => undefined); // a server that went away; whoever stops hears of it
  return {
    async stop() {
      stopping.abort();
      await feeding;
    },
  };
}

/** Those frames one after the other, again and again. */
export function looped(frames: readonly Uint8Array[]): () => Uint8Array {
  let next = 0;
  return () => frames[next++ % frames.length] ?? new Uint8Array();
}
