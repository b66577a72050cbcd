// `bench small-change`: the time from the capture of a frame in which two tiles change to its pixels at the viewer. The yardstick
// is the same run's cost of the parts that cannot be left out: the hand-over of a frame to another thread, and comparing a frame.

import { Worker } from "node:worker_threads";
import { Arena } from "../src/codec/memory/arena.ts";
import { WASM } from "../src/codec/bun/wasm.ts";
import { SimdEncoder } from "../src/codec/simd/encoder.ts";
import { frameBytes, planesOf, type Size } from "../src/core/pixel-format.ts";
import { median } from "../src/core/statistics.ts";
import { atMost, type Bench, round } from "./bench.ts";
import { footageFrames } from "./footage.ts";
import { runProbe, startFootageServer } from "./processes.ts";
import { TWO_TILES } from "./two-tiles-source.ts";

const SIZE: Size = { width: 1280, height: 720 };
const FPS = 30;
/** The latency ÷ (the time of three hand-overs to a thread and back + comparing all tiles): source, server and viewer. */
const P50_LIMIT = 2;
const HAND_OVERS = 3;

export const smallChangeBench: Bench = async ({ quick, progress }) => {
  const latencies: number[] = [];
  const yardsticks: number[] = [];
  for (let turn = 1; turn <= (quick ? 1 : 3); turn++) {
    progress(`small-change, yardstick ${turn}`);
    const handOverMs = await handOver(quick ? 60 : 150);
    const compareMs = await comparing(quick ? 30 : 60);
    yardsticks.push(HAND_OVERS * handOverMs + compareMs);
    progress(`small-change, server and viewer ${turn}`);
    const server = await startFootageServer({ kind: TWO_TILES, size: SIZE, fps: FPS });
    const probe = await runProbe({ port: server.port, seconds: quick ? 5 : 12, warmUpSeconds: 3 });
    await server.stop();
    const { pixelLatencyMicros, frames, unreadable, outOfOrder } = probe.report;
    if (frames === 0 || unreadable + outOfOrder > 0)
      throw new Error(`of ${frames} frames ${unreadable} were unreadable, and ${outOfOrder} came after a newer one`);
    latencies.push(...pixelLatencyMicros);
  }
  const sorted = latencies.toSorted((a, b) => a - b).map((micros) => micros / 1000);
  const at = (share: number) => round(sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN);
  const [p50, p99, yardstickMs] = [at(0.5), at(0.99), round(median(yardsticks) ?? Number.NaN)];
  return {
    name: "small-change",
    figures: { size: SIZE, fps: FPS, p50, p99, yardstickMs, frames: sorted.length },
    bounds: [atMost("latency p50 ÷ (three hand-overs + comparing)", p50 / yardstickMs, P50_LIMIT)],
    table: [
      ["picture", "frames", "p50 ms", "p99 ms", "three hand-overs + comparing", "ratio"],
      [
        ...[`${SIZE.width}x${SIZE.height} at ${FPS}`, String(sorted.length), p50.toFixed(2), p99.toFixed(2)],
        ...[yardstickMs.toFixed(2), (p50 / yardstickMs).toFixed(2)],
      ],
    ],
  };
};

/** The median time in milliseconds of a message to an idle thread and back, at the rate of a camera. */
async function handOver(turns: number): Promise<number> {
  const echo = new Worker(
    'require("node:worker_threads").parentPort.on("message", (m) => require("node:worker_threads").parentPort.postMessage(m))',
    {
      eval: true,
    },
  );
  const times: number[] = [];
  for (let turn = 0; turn < turns; turn++) {
    await Bun.sleep(1000 / FPS);
    const startedAt = performance.now();
    await new Promise((resolve) => {
      echo.once("message", resolve);
      echo.postMessage(turn);
    });
    times.push(performance.now() - startedAt);
  }
  await echo.terminate();
  return median(times) ?? Number.NaN;
}

/** The median time in milliseconds to compare a frame with an equal one in this thread, at the rate of a camera. */
async function comparing(turns: number): Promise<number> {
  const arena = Arena.create();
  const encoder = new SimdEncoder(await WASM.kernel("encoder"), arena.memory);
  const picture = encoder.prepare(arena.take(encoder.stateBytes), { ...SIZE, format: "yuvj420p", quality: 75 });
  const [scene] = footageFrames(SIZE, 1, "yuvj420p");
  const bytes = frameBytes("yuvj420p", SIZE.width, SIZE.height);
  const addresses = [arena.take(bytes), arena.take(bytes)] as const;
  for (const address of addresses) arena.bytes(address, bytes).set(scene ?? new Uint8Array(bytes));
  const [frame, reference] = addresses.map((address) => planesOf("yuvj420p", SIZE, address));
  const times: number[] = [];
  for (let turn = 0; turn < turns; turn++) {
    await Bun.sleep(1000 / FPS);
    const startedAt = performance.now();
    for (let tile = 0; tile < picture.tileCount; tile++)
      encoder.tileDiffers(picture, frame ?? [], reference ?? [], tile, 2);
    times.push(performance.now() - startedAt);
  }
  return median(times) ?? Number.NaN;
}
