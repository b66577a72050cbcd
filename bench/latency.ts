// `bench latency`: from the birth of a frame to its pixels at the viewer, as the pixels themselves say.

import { Arena } from "../src/codec/arena.ts";
import { createCodec, DEFAULT_CODEC } from "../src/codec/codec.ts";
import { type LatencyMs, median } from "../src/core/statistics.ts";
import { TestCard } from "../src/server/sources/test-card.ts";
import { atMost, type Bench, type Bound } from "./bench.ts";
import type { Chart } from "./chart.ts";
import { runProbe, startServer } from "./processes.ts";

interface Case {
  width: number;
  height: number;
  fps: number;
}

const CADENCE_MS = 16;
/** Latency as a multiple of what the codec alone needs for the same picture, in one thread of an idle process. */
const P50_LIMIT = 3;
/** How far the product's own stamps may be from the time in the pixels, as a share of that. */
const STAMP_LIMIT = 0.1;

export const latencyBench: Bench = async ({ quick, progress }) => {
  const cases: Case[] = quick
    ? [{ width: 1280, height: 720, fps: 30 }]
    : [
        { width: 1280, height: 720, fps: 30 },
        { width: 1280, height: 720, fps: 60 },
        { width: 1920, height: 1080, fps: 30 },
        { width: 3840, height: 2160, fps: 15 },
      ];
  const table = [["picture", "p50 ms", "p99 ms", "max", "codec alone", "ratio", "stamps p50", "fps", "out of order"]];
  const bounds: Bound[] = [];
  const figures: object[] = [];
  const measured: { label: string; pixels: LatencyMs; codecMs: number }[] = [];
  for (const each of cases) {
    const label = `${each.width}x${each.height} at ${each.fps}`;
    progress(`latency ${label}: the codec alone`);
    const codecMs = await codecAloneMs(each, quick ? 10 : 20);
    progress(`latency ${label}: server and viewer`);
    const size = `${each.width}x${each.height}`;
    const server = await startServer(["--source", "pattern", "--size", size, "--fps", String(each.fps)]);
    const { report } = await runProbe({ port: server.port, seconds: quick ? 6 : 15 });
    await server.stop();
    const { pixelLatencyMs: pixels, product } = report;
    const stampError = Math.abs(product.latencyMs.p50 - pixels.p50) / pixels.p50;
    figures.push({ ...each, pixels, product: product.latencyMs, stagesMs: product.stagesMs, codecMs, report });
    measured.push({ label, pixels, codecMs });
    bounds.push(atMost(`latency p50 ÷ encode + decode, ${label}`, pixels.p50 / codecMs, P50_LIMIT));
    bounds.push(atMost(`stamps against pixels, ${label}`, stampError, STAMP_LIMIT));
    bounds.push(atMost(`frames out of order or unreadable, ${label}`, report.outOfOrder + report.unreadable, 0));
    table.push([
      ...[label, pixels.p50.toFixed(1), pixels.p99.toFixed(1), pixels.max.toFixed(1), codecMs.toFixed(1)],
      ...[(pixels.p50 / codecMs).toFixed(2), product.latencyMs.p50.toFixed(1), product.fps.toFixed(1)],
      String(report.outOfOrder),
    ]);
  }
  const chart: Chart = {
    title: "From the birth of a frame to its pixels at the viewer",
    panels: [
      {
        kind: "bars",
        title: "Server, loopback and viewer on one machine",
        unit: "ms",
        groups: measured.map(({ label }) => label),
        series: [
          { name: "p50", values: measured.map(({ pixels }) => pixels.p50) },
          { name: "p99", values: measured.map(({ pixels }) => pixels.p99) },
          { name: "encoding and decoding alone", values: measured.map(({ codecMs }) => codecMs) },
        ],
      },
    ],
  };
  return { name: "latency", figures: { cases: figures }, bounds, table, chart };
};

/**
 * Median time to encode and decode the same pictures, one after the other, in this process; with pauses as of a camera, in
 * which the caches cool and the core's clock falls, since that is how pictures meet the codec in life.
 */
export async function codecAloneMs({ width, height }: Case, turns: number): Promise<number> {
  const arena = Arena.create();
  const codec = await createCodec(DEFAULT_CODEC, arena);
  const card = new TestCard({ width, height });
  const bytes = width * height * 4;
  const address = arena.take(bytes);
  const times: number[] = [];
  for (let turn = 0; turn < turns + 3; turn++) {
    card.draw(arena.bytes(address, bytes), turn / 15);
    await Bun.sleep(CADENCE_MS);
    const start = performance.now();
    const jpeg = await codec.encode({ format: "rgba", width, height, address }, 75);
    await codec.decode(jpeg, { address, bytes });
    times.push(performance.now() - start);
  }
  return median(times.slice(3)) ?? 0;
}
