// `bench lateness`: the time from the last byte of a picture that a network camera has written to the moment when the reader of HTTP
// cameras delivers it.

import { fileURLToPath } from "node:url";
import { parseAddress } from "../src/capture/http/address.ts";
import { createHttpCamera } from "../src/capture/http/http-camera.ts";
import { Durations } from "../src/core/statistics.ts";
import { monotonicMicros } from "../src/system/monotonic-clock.ts";
import { RecordingSink } from "../test/support/recording-sink.ts";
import { atMost, type Bench, type Bound } from "./bench.ts";
import { numberOf } from "./numbered-jpeg.ts";
import type { CameraLine } from "./part-camera.ts";
import { end, readReports } from "./processes.ts";

const RATES = [2, 10, 30];
/** Milliseconds at p50 and p99. */
const LIMITS = { p50: 3, p99: 10 };
const CAMERA = fileURLToPath(new URL("./part-camera.ts", import.meta.url));

export const latenessBench: Bench = async ({ quick, progress }) => {
  const bounds: Bound[] = [];
  const table = [["frames a second", "length of parts", "pictures", "p50 ms", "p99 ms", "max ms"]];
  const figures: Record<string, unknown> = {};
  for (const fps of RATES) {
    for (const hasLength of [true, false]) {
      const length = hasLength ? "given" : "not given";
      const name = `${fps} a second, length ${length}`;
      progress(`lateness: ${name}`);
      const late = await measure(fps, hasLength, quick ? 10 : Math.max(100, 20 * fps));
      const { p50, p99, max } = late.summary();
      figures[name] = late.summary();
      table.push([String(fps), length, String(late.count), p50.toFixed(2), p99.toFixed(2), max.toFixed(2)]);
      bounds.push(atMost(`lateness p50, ms, ${name}`, p50, LIMITS.p50));
      // The largest of a few pictures says nothing about p99.
      if (!quick) bounds.push(atMost(`lateness p99, ms, ${name}`, p99, LIMITS.p99));
    }
  }
  return { name: "lateness", figures, bounds, table };
};

/** Returns the lateness of the pictures after the first one, for which the connection is made. */
async function measure(fps: number, hasLength: boolean, pictures: number): Promise<Durations> {
  const child = Bun.spawn([process.execPath, CAMERA, String(fps), hasLength ? "yes" : "no"], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  const writtenAt = new Map<number, number>();
  const listening = Promise.withResolvers<number>();
  const lines = readReports<CameraLine>(child.stdout, (line) => {
    if ("port" in line) listening.resolve(line.port);
    else writtenAt.set(line.number, line.writtenAt);
  });
  lines.catch(listening.reject);
  const address = `http://127.0.0.1:${await listening.promise}/`;
  const camera = createHttpCamera({
    ...{ name: address, address: parseAddress(address, address), framesPerSecond: null, certificate: null },
    openOther() {
      throw new Error("the pictures of the camera are not read as JPEGs");
    },
  });
  const sink = new RecordingSink();
  const takenAt = new Map<number, number>();
  const stopping = new AbortController();
  const { jpeg } = sink;
  sink.jpeg = (block, jpegBytes, capturedAt) => {
    takenAt.set(numberOf(block.bytes), monotonicMicros());
    if (takenAt.size > pictures) stopping.abort();
    return jpeg.call(sink, block, jpegBytes, capturedAt);
  };
  await camera.run(sink, stopping.signal);
  child.stdin.end();
  await end(child, "the camera");
  await lines;
  const late = new Durations();
  for (const [number, at] of takenAt) {
    if (number > 1) late.record(at - (writtenAt.get(number) ?? Number.NaN));
  }
  return late;
}
