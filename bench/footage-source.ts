// A source of real footage for benches: moving, still or frozen pictures, each with its frame code in the corner.
//
// The code changes with every frame, also where the rest does not (`still`, `frozen`): identities and times are read from
// pixels. So a frozen picture is frozen but for the cells of its code, a tenth of the picture's height at most.

import { Worker } from "node:worker_threads";
import { sleep } from "../src/core/clock.ts";
import { SourceError } from "../src/core/errors.ts";
import { frameBytes, type Size } from "../src/core/pixel-format.ts";
import { pace } from "../src/server/sources/pace.ts";
import type { FrameSink, Source } from "../src/server/sources/source.ts";
import { type FootageKind, footageFile } from "./footage-file.ts";
import type { FootageRequest, FootageResult, FootageSetup } from "./footage-worker.ts";

/** `framesPerSecond` 0 means as fast as the encoders take them. The footage is made, where it has to be, by `run`. */
export function createFootageSource(kind: FootageKind, size: Size, framesPerSecond: number): Source {
  return {
    name: `${kind} footage`,
    framesPerSecond,
    run: (sink, signal) => run(kind, size, framesPerSecond, sink, signal),
  };
}

async function run(
  kind: FootageKind,
  size: Size,
  framesPerSecond: number,
  sink: FrameSink,
  signal: AbortSignal,
): Promise<void> {
  const setup: FootageSetup = { ...size, path: footageFile(kind, size) };
  const worker = new Worker(new URL("./footage-worker.ts", import.meta.url), { workerData: setup });
  const loaded = Promise.withResolvers<void>();
  let filled: ((result: FootageResult) => void) | null = null;
  const died = Promise.withResolvers<never>();
  died.promise.catch(() => undefined); // heard through the races below; between two frames nobody listens
  worker.on("message", (result: FootageResult | "loaded") => {
    if (result === "loaded") loaded.resolve();
    else filled?.(result);
  });
  worker.on("error", (cause) => died.reject(new SourceError("the footage's thread died", { retry: false, cause })));
  const slotBytes = frameBytes("rgba", size.width, size.height);
  let frameNumber = 0;
  try {
    await Promise.race([loaded.promise, died.promise]);
    await pace(framesPerSecond, signal, async () => {
      const slot = sink.reserve("rgba", size);
      if (slot === null) {
        if (framesPerSecond > 0) sink.lost();
        else await sleep(1, signal); // unpaced: the encoders set the pace
        return;
      }
      frameNumber++;
      const result = new Promise<FootageResult>((resolve) => {
        filled = resolve;
      });
      worker.postMessage({ frameNumber, rgba: slot.bytes.subarray(0, slotBytes) } satisfies FootageRequest);
      const { bornAt } = await Promise.race([result, died.promise]);
      sink.pixels(slot, "rgba", size, bornAt);
    });
  } finally {
    await worker.terminate();
  }
}
