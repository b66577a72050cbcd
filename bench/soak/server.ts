// The server of a soak run. It reports the contents of the tile store for each frame of each rendition.
//
// Usage: bun bench/soak/server.ts

import { crc32 } from "node:zlib";
import { serve } from "../../src/server/serve.ts";
import type { FrameFinding } from "./findings.ts";

const stopping = new AbortController();
process.on("SIGTERM", () => stopping.abort());

const server = await serve({
  cameras: [{ source: "pattern" }],
  workers: 2,
  port: 0,
  signal: stopping.signal,
  onTiles(rendition) {
    const { stream, newestFrame } = rendition;
    const jpeg = rendition.stitch();
    if (stream === null || jpeg === null) return;
    const finding: FrameFinding = {
      kind: "frame",
      frameNumber: newestFrame,
      width: stream.width,
      height: stream.height,
      crc: crc32(jpeg),
      isEqual: true,
    };
    console.log(JSON.stringify(finding));
  },
});
console.log(JSON.stringify({ port: server.port }));
await server.closed;
process.exit(0);
