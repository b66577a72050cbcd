// The source `pattern`: a moving test card that carries its frame number and birth time inside the picture.

import { Worker } from "node:worker_threads";
import { sleep } from "../../core/clock.ts";
import { SourceError, UsageError } from "../../core/errors.ts";
import { frameBytes, type Size } from "../../core/pixel-format.ts";
import { MIN_CODE_SIZE } from "./frame-code.ts";
import { pace } from "./pace.ts";
import type { DrawRequest, DrawResult } from "./pattern-worker.ts";
import type { FrameSink, Source } from "./source.ts";

/** Throws UsageError for a size too small to carry the frame code. */
export function createPattern(size: Size, framesPerSecond: number): Source {
  if (size.width < MIN_CODE_SIZE.width || size.height < MIN_CODE_SIZE.height) {
    throw new UsageError(
      `the pattern needs at least ${MIN_CODE_SIZE.width}x${MIN_CODE_SIZE.height} pixels, not ${size.width}x${size.height}`,
    );
  }
  return {
    name: "pattern",
    framesPerSecond,
    run: (sink, signal) => run(size, framesPerSecond, sink, signal),
  };
}

async function run(size: Size, framesPerSecond: number, sink: FrameSink, signal: AbortSignal): Promise<void> {
  const worker = new Worker(new URL("./pattern-worker.ts", import.meta.url));
  let drawn: ((result: DrawResult) => void) | null = null;
  const died = Promise.withResolvers<never>();
  died.promise.catch(() => undefined); // heard through the race below; before the first frame nobody listens yet
  worker.on("message", (result: DrawResult) => drawn?.(result));
  worker.on("error", (cause) => died.reject(new SourceError("the pattern's thread died", { retry: true, cause })));
  const slotBytes = frameBytes("rgba", size.width, size.height);
  let frameNumber = 0;
  try {
    await pace(framesPerSecond, signal, async (seconds) => {
      const slot = sink.reserve("rgba", size);
      if (slot === null) {
        if (framesPerSecond > 0) sink.lost();
        else await sleep(1, signal); // unpaced: the encoders set the pace
        return;
      }
      frameNumber++;
      const result = new Promise<DrawResult>((resolve) => {
        drawn = resolve;
      });
      const rgba = slot.bytes.subarray(0, slotBytes);
      worker.postMessage({ ...size, frameNumber, seconds, rgba } satisfies DrawRequest);
      const { bornAt } = await Promise.race([result, died.promise]);
      sink.pixels(slot, "rgba", size, bornAt);
    });
  } finally {
    await worker.terminate();
  }
}
