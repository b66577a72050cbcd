// The codec threads in turns: a camera that could use them all the time leaves them to another.

import { expect, setDefaultTimeout, test } from "bun:test";
import type { ViewReport } from "../../../src/client/figures.ts";
import { nowMicros, sleep } from "../../../src/core/clock.ts";
import type { ResolvedCameraOptions } from "../../../src/server/settings/options.ts";
import type { ServeReport } from "../../../src/server/report/report.ts";
import { serve } from "../../../src/server/serve.ts";
import type { Source } from "../../../src/capture/source.ts";
import { Program, TEST_TIMEOUT_MS } from "../../support/programs.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const camera = (name: string, width: number, height: number, framesPerSecond: number): ResolvedCameraOptions => ({
  ...{ name, source: "pattern", device: null, pixelFormat: null, size: { width, height }, framesPerSecond },
  ...{ quality: 75, sampling: "420", noise: null, idleReleaseSeconds: null },
});

/** Noise, which is the most work there is, faster than it can be encoded: a frame always waits. */
function createFlood(width: number, height: number): Source {
  const filled = new Set<number>();
  return {
    name: "flood",
    framesPerSecond: 0,
    async run(sink, signal) {
      while (!signal.aborted) {
        const slot = sink.reserve("rgba", { width, height });
        if (slot !== null) {
          if (!filled.has(slot.address)) {
            const noise = new Uint8Array(width * height * 4);
            for (let at = 0; at < noise.length; at += 65536) crypto.getRandomValues(noise.subarray(at, at + 65536));
            slot.bytes.set(noise);
            filled.add(slot.address);
          }
          sink.pixels(slot, "rgba", { width, height }, nowMicros());
        }
        await sleep(1, signal);
      }
    },
  };
}

const watch = (port: number, name: string) =>
  new Program<ViewReport>("view", [`127.0.0.1:${port}/${name}`, "--display", "none", "--json"]);

test.each([
  ["simd", 1920, 1080],
  ["jsquash", 640, 360],
] as const)("with one thread of %s, and a camera that could take it all", async (codec, width, height) => {
  const stopping = new AbortController();
  const reports: ServeReport[] = [];
  const { promise: listening, resolve: listen } = Promise.withResolvers<number>();
  const serving = serve(
    {
      cameras: [camera("busy", width, height, 0), camera("small", 320, 240, 10)],
      ...{ codec, workers: 1, host: "127.0.0.1", port: 0, announce: false, allowControls: false },
      ...{ maxLatencyMs: null, maxBitsPerSecond: null, frames: null },
    },
    stopping.signal,
    {
      listening: ({ port }) => listen(port),
      report: (report) => reports.push(report),
      say: () => undefined,
      createSource: ({ name }) => (name === "busy" ? createFlood(width, height) : null),
    },
  );
  try {
    const port = await listening;
    await using busy = watch(port, "busy");
    await busy.until("frames of the busy one", ({ last }) => (last?.frames ?? 0) > 2);
    await using small = watch(port, "small");
    await small.until("frames of the small one", ({ last }) => (last?.frames ?? 0) > 0);
    const before = reports.length;
    await small.until("some seconds", () => reports.length > before + 4);
    const grown = (index: number, of: "frames" | "encoded") =>
      (reports.at(-1)?.cameras?.[index]?.[of] ?? 0) - (reports[before]?.cameras?.[index]?.[of] ?? 0);
    // In turns the small one gets all of its frames encoded or, where the machine is too slow for that, as many as the busy one.
    const due = Math.min(grown(1, "frames"), grown(0, "encoded"));
    expect(due).toBeGreaterThan(0);
    expect(grown(1, "encoded")).toBeGreaterThan(0.5 * due);
  } finally {
    stopping.abort();
    await serving;
  }
});
