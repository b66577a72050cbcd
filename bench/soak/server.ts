// The server of a soak run. It reports the contents of the tile store for each frame of each rendition.
//
// Usage: bun bench/soak/server.ts

import { crc32 } from "node:zlib";
import { serve } from "../../src/server/serve.ts";
import type { Finding } from "./findings.ts";
import { measureOwnDelay } from "./own-delay.ts";

const REPORT_MS = 1_000;

const stopping = new AbortController();
process.on("SIGTERM", () => stopping.abort());

const delays = measureOwnDelay();

function say(finding: Finding | { port: number }): void {
  console.log(JSON.stringify(finding));
}

const server = await serve({
  cameras: [{ source: "pattern" }],
  workers: 2,
  port: 0,
  signal: stopping.signal,
  onTiles(rendition) {
    const { stream, newestFrame } = rendition;
    const jpeg = rendition.stitch();
    if (stream === null || jpeg === null) return;
    const { width, height } = stream;
    say({ kind: "frame", frameNumber: newestFrame, width, height, crc: crc32(jpeg), isEqual: true });
  },
});
say({ port: server.port });
setInterval(() => say(delays()), REPORT_MS).unref();
await server.closed;
process.exit(0);
