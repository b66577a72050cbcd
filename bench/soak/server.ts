// The server of a soak run: says of each frame of each rendition what its tile store holds.
//
// usage: bun bench/soak/server.ts

import { crc32 } from "node:zlib";
import { serve } from "../../src/server/serve.ts";
import { DEFAULT_MAX_LATENCY_MS, DEFAULT_NOISE } from "../../src/server/settings/preset.ts";
import type { FrameFinding } from "./findings.ts";

const stopping = new AbortController();
process.on("SIGTERM", () => stopping.abort());

await serve(
  {
    cameras: [
      {
        ...{ name: null, source: "pattern", device: null, pixelFormat: null, size: { width: 1280, height: 720 } },
        ...{ framesPerSecond: 30, quality: 75, sampling: "420", noise: DEFAULT_NOISE, idleReleaseSeconds: null },
      },
    ],
    ...{ codec: "simd", workers: 2, host: "127.0.0.1", port: 0, announce: false, allowControls: false },
    ...{ maxLatencyMs: DEFAULT_MAX_LATENCY_MS, maxBitsPerSecond: null, frames: null },
  },
  stopping.signal,
  {
    listening: ({ port }) => console.log(JSON.stringify({ port })),
    report: () => undefined,
    say: () => undefined,
    onTiles(rendition) {
      const { stream, newestFrame } = rendition;
      const jpeg = rendition.stitch();
      if (stream === null || jpeg === null) return;
      const finding: FrameFinding = {
        ...{ kind: "frame", frameNumber: newestFrame, width: stream.width, height: stream.height },
        ...{ crc: crc32(jpeg), isEqual: true },
      };
      console.log(JSON.stringify(finding));
    },
  },
);
process.exit(0);
