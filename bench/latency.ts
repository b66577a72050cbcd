// `bench latency`: the time from the capture of a frame to its pixels at the viewer or in a window, read from the pixels.

import { Arena } from "../src/codec/memory/arena.ts";
import { WASM } from "../src/codec/bun/wasm.ts";
import { createCodec } from "../src/codec/threads/load-codec.ts";
import { DEFAULT_CODEC } from "../src/codec/codecs.ts";
import type { Size } from "../src/core/pixel-format.ts";
import { type LatencyMs, median } from "../src/core/statistics.ts";
import { TestCard } from "../src/capture/pattern/test-card.ts";
import { startVirtualDisplay } from "../src/cli/virtual-display.ts";
import { atMost, type Bench, type Bound } from "./bench.ts";
import type { Chart } from "./chart.ts";
import type { FootageKind } from "./footage-file.ts";
import type { ProbeReport } from "./probe-viewer.ts";
import { runProbe, startFootageServer, startServer } from "./processes.ts";

interface Case {
  size: Size;
  fps: number;
  /** `pattern` is the test card. The other values are kinds of footage. */
  content: "pattern" | FootageKind;
  /** Whether the viewer shows it in an SDL window on a virtual display. */
  isShown: boolean;
}

const CADENCE_MS = 16;
/** Latency ÷ the time that the codec alone takes for the same picture in one thread of an idle process. */
const P50_LIMIT = 3;
/** The largest difference between the latency by Slipstream's stamps and the latency by pixels, as a share of the latter. */
const STAMP_LIMIT = 0.1;

const HD: Size = { width: 1280, height: 720 };
const QUICK: Case[] = [{ size: HD, fps: 30, content: "pattern", isShown: false }];
const RATES = [
  { size: HD, fps: 30 },
  { size: HD, fps: 60 },
  { size: { width: 1920, height: 1080 }, fps: 30 },
  { size: { width: 3840, height: 2160 }, fps: 15 },
];
const ALL: Case[] = [
  ...(["pattern", "moving", "still"] as const).flatMap((content) =>
    RATES.map((rate) => ({ ...rate, content, isShown: false })),
  ),
  ...RATES.map((rate) => ({ ...rate, content: "moving" as const, isShown: true })),
];

export const latencyBench: Bench = async ({ quick, progress }) => {
  const table = [
    ["picture", "content", "to", "p50 ms", "p99 ms", "max", "codec alone", "ratio", "fps", "out of order"],
  ];
  const bounds: Bound[] = [];
  const figures: object[] = [];
  const measured: { label: string; each: Case; pixels: LatencyMs; codecMs: number }[] = [];
  const codecTimes = new Map<string, number>();
  for (const each of quick ? QUICK : ALL) {
    const size = `${each.size.width}x${each.size.height}`;
    const where = each.isShown ? "window" : "pixels";
    const label = `${size} at ${each.fps}, ${each.content}, ${where}`;
    progress(`latency ${label}`);
    const codecMs = codecTimes.get(size) ?? (await codecAloneMs(each.size, quick ? 10 : 20));
    codecTimes.set(size, codecMs);
    const report = await measure(each, quick ? 6 : 10);
    const { pixelLatencyMs: pixels, product } = report;
    figures.push({ ...each, pixels, product: product.latencyMs, stagesMs: product.stagesMs, codecMs, report });
    measured.push({ label: `${size} at ${each.fps}`, each, pixels, codecMs });
    bounds.push(atMost(`frames out of order or unreadable, ${label}`, report.outOfOrder + report.unreadable, 0));
    if (each.content === "pattern") {
      const stampError = Math.abs(product.latencyMs.p50 - pixels.p50) / pixels.p50;
      bounds.push(atMost(`latency p50 ÷ encode + decode, ${label}`, pixels.p50 / codecMs, P50_LIMIT));
      bounds.push(atMost(`stamps against pixels, ${label}`, stampError, STAMP_LIMIT));
    }
    table.push([
      ...[`${size} at ${each.fps}`, each.content, where],
      ...[pixels.p50.toFixed(1), pixels.p99.toFixed(1), pixels.max.toFixed(1), codecMs.toFixed(1)],
      ...[(pixels.p50 / codecMs).toFixed(2), (report.frames / report.seconds).toFixed(1), String(report.outOfOrder)],
    ]);
  }
  const panel = (title: string, content: Case["content"], isShown: boolean): Chart["panels"][number] => {
    const rows = measured.filter(({ each }) => each.content === content && each.isShown === isShown);
    return {
      kind: "bars",
      title,
      unit: "ms",
      groups: rows.map(({ label }) => label),
      series: [
        { name: "p50", values: rows.map(({ pixels }) => pixels.p50) },
        { name: "p99", values: rows.map(({ pixels }) => pixels.p99) },
        { name: "encoding and decoding alone, test card", values: rows.map(({ codecMs }) => codecMs) },
      ],
    };
  };
  const chart: Chart = {
    title: "From the capture of a frame to its pixels at the viewer (all on one machine)",
    panels: [
      panel("Test card, to pixels", "pattern", false),
      ...(quick
        ? []
        : [
            panel("Footage that changes everywhere, to pixels", "moving", false),
            panel("Footage of a static camera, to pixels", "still", false),
            panel("Footage that changes everywhere, shown in a window", "moving", true),
          ]),
    ],
  };
  return { name: "latency", figures: { cases: figures }, bounds, table, chart };
};

async function measure({ size, fps, content, isShown }: Case, seconds: number): Promise<ProbeReport> {
  const flags = ["--source", "pattern", "--size", `${size.width}x${size.height}`, "--fps", String(fps)];
  const starting = content === "pattern" ? startServer(flags) : startFootageServer({ kind: content, size, fps });
  const server = await starting;
  await using display = isShown ? await startVirtualDisplay(size.width, size.height) : null;
  const window = display === null ? {} : { window: true, env: { DISPLAY: display.name } };
  // Slipstream's own figures include the whole run, so the comparison with them needs a run without a warm-up.
  const warmUp = content === "pattern" ? {} : { warmUpSeconds: 3 };
  const { report } = await runProbe({ port: server.port, seconds, ...warmUp, ...window });
  await server.stop();
  return report;
}

/**
 * The median time in milliseconds to encode and decode one picture in this thread, by the clock `now`. Pauses at the rate of a camera
 * let the caches cool and lower the clock of the processor, as between the pictures of a real camera.
 */
export async function codecAloneMs(
  { width, height }: Size,
  turns: number,
  now: () => number = () => performance.now(),
): Promise<number> {
  const arena = Arena.create();
  const codec = await createCodec(DEFAULT_CODEC, arena, WASM);
  const card = new TestCard({ width, height });
  const bytes = width * height * 4;
  const address = arena.take(bytes);
  const times: number[] = [];
  for (let turn = 0; turn < turns + 3; turn++) {
    card.draw(arena.bytes(address, bytes), turn / 15);
    await Bun.sleep(CADENCE_MS);
    const start = now();
    const jpeg = await codec.encode({ format: "rgba", width, height, address }, 75);
    await codec.decode(jpeg, { address, bytes });
    times.push(now() - start);
  }
  return median(times.slice(3)) ?? 0;
}
