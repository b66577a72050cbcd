// Fair shares of the codec threads: a camera that could use them all the time leaves some time to another.

import { expect, setDefaultTimeout, test } from "bun:test";
import type { ViewReport } from "../../../src/client/figures.ts";
import { nowMicros, sleep } from "../../../src/core/clock.ts";
import type { Size } from "../../../src/core/pixel-format.ts";
import { serve } from "../../../src/server/serve.ts";
import type { Source } from "../../../src/capture/source.ts";
import { Program, TEST_TIMEOUT_MS } from "../../support/programs.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

/** A source of noise, which takes longest to encode. It is faster than the encoders, so a frame always waits. */
function createFlood({ width, height }: Size): Source {
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
] as const)(
  "with one thread of %s, a small camera gets its share beside a camera that could use it all the time",
  async (codec, width, height) => {
    const size = { width, height };
    await using server = await serve({
      cameras: [
        { name: "busy", source: createFlood(size), noise: null },
        { name: "small", source: "pattern", size: { width: 320, height: 240 }, framesPerSecond: 10, noise: null },
      ],
      codec,
      workers: 1,
      port: 0,
      maxLatencyMs: null,
    });
    const { port } = server;
    await using busy = watch(port, "busy");
    await busy.until("frames of the busy one", ({ last }) => (last?.frames ?? 0) > 2);
    await using small = watch(port, "small");
    await small.until("frames of the small one", ({ last }) => (last?.frames ?? 0) > 0);
    const before = server.report();
    const grown = (index: number, of: "frames" | "encoded") =>
      (server.report().cameras?.[index]?.[of] ?? 0) - (before.cameras?.[index]?.[of] ?? 0);
    // With fair shares all frames of the small camera are encoded. On a slow machine it gets as many frames as the busy one.
    const due = () => Math.min(grown(1, "frames"), grown(0, "encoded"));
    await small.until("twelve frames that are due", () => due() >= 12);
    expect(grown(1, "encoded")).toBeGreaterThan(0.5 * due());
  },
);
