// `bench thin-link`: the age of the picture on the screen behind a link with a limited bit rate and a delay.

import { nowMicros } from "../src/core/clock.ts";
import { type AgeMs, type AgeSamples, recoveryMs, summariseAges } from "./age-over-time.ts";
import { atMost, type Bench, type Bound, round } from "./bench.ts";
import { feedFrames } from "./frame-feeder.ts";
import { CLIP_SIZE, codedFootage } from "./footage.ts";
import { type RunningServer, runProbe, startFedServer, startLink, startServer } from "./processes.ts";
import type { ProbeReport } from "./probe-viewer.ts";

const FPS = 30;
const PATTERN_SIZE = "1280x720";
const STALL_MS = 3_000;

/**
 * The largest age at 2 Mbit/s and 50 ms of delay each way. Unlike other bounds it is absolute, because it depends on the link and
 * the source and not on the machine: 50 ms of delay, 33 ms until the next picture, and the rest for the transfer of a picture
 * and the queue before it.
 */
const AGE_LIMIT_MS = 250;
/** The largest time to recover from a stall: 100 ms of round trip for the data in flight, and twice the largest age. */
const RECOVERY_LIMIT_MS = 600;
/** The age counts as recovered when it is below the limit for this long. */
const CALM_MS = 500;

interface Case {
  source: "pattern" | "footage";
  megabits: number;
  delayMs: number;
}

const HARDEST: Case = { source: "pattern", megabits: 2, delayMs: 50 };
const CASES: Case[] = [
  ...[20, 8, 2].flatMap((megabits) => [5, 50].map((delayMs): Case => ({ source: "pattern", megabits, delayMs }))),
  { ...HARDEST, source: "footage" },
];

interface Figures extends Case {
  ageMs: AgeMs;
  fps: number;
  /** The size of the last picture. `quality` is 0 if the viewer does not know it. */
  size: string;
  sourceSize: string;
  quality: number;
  bytesPerFrame: number;
}

export const thinLinkBench: Bench = async ({ quick, progress }) => {
  const seconds = quick ? 5 : 12;
  const settleMs = quick ? 2_000 : 3_000;
  const figures: Figures[] = [];
  for (const each of quick ? [HARDEST] : CASES) {
    progress(`thin-link: ${labelOf(each)}`);
    const report = await run(each, seconds, null);
    figures.push(figuresOf(each, report, report.age.firstAt + settleMs * 1000));
  }
  const bounds: Bound[] = figures
    .filter(({ megabits, delayMs }) => megabits === HARDEST.megabits && delayMs === HARDEST.delayMs)
    .map((each) => atMost(`ms of age p95, ${labelOf(each)}`, each.ageMs.p95, AGE_LIMIT_MS));
  const stall = quick ? null : await measureStall(progress);
  if (stall !== null) {
    bounds.push(
      atMost(`ms to recover from a stall of ${STALL_MS} ms, ${labelOf(HARDEST)}`, stall.ms, RECOVERY_LIMIT_MS),
    );
  }
  return {
    name: "thin-link",
    figures: { fps: FPS, cases: figures, stall: stall === null ? null : { stallMs: STALL_MS, recoveryMs: stall.ms } },
    bounds,
    table: [
      ["link", "age p50 ms", "p95", "p99", "max", "fps", "picture", "quality", "kB", "recovery"],
      ...figures.map((each) => [
        labelOf(each),
        ...[each.ageMs.p50, each.ageMs.p95, each.ageMs.p99, each.ageMs.max].map((ms) => ms.toFixed(0)),
        ...[each.fps.toFixed(1), each.size, each.quality === 0 ? "" : String(each.quality)],
        (each.bytesPerFrame / 1000).toFixed(1),
      ]),
      ...(stall === null ? [] : [[`a stall of ${STALL_MS} ms`, ...BLANKS, describeRecovery(stall.ms)]]),
    ],
    chart: {
      title: `Age of the picture on the screen behind a thin link (${FPS} fps)`,
      panels: [
        {
          kind: "bars",
          title: "Sampled every 10 ms",
          unit: "ms",
          groups: figures.map(labelOf),
          series: (["p50", "p95", "p99"] as const).map((name) => ({
            name,
            values: figures.map(({ ageMs }) => ageMs[name]),
          })),
        },
        ...(stall === null ? [] : [stall.panel]),
      ],
    },
  };
};

function labelOf({ source, megabits, delayMs }: Case): string {
  return `${source}, ${megabits} Mbit/s, ${delayMs} ms`;
}

/** The empty columns of the row for a stall. */
const BLANKS: readonly string[] = Array.from({ length: 8 }, () => "");

function describeRecovery(ms: number): string {
  return Number.isFinite(ms) ? `${ms} ms` : "none during the run";
}

function figuresOf(of: Case, report: ProbeReport, from: number): Figures {
  const { age, width, height, frames, seconds } = report;
  const { sourceWidth, sourceHeight, quality, bytesPerFrame } = report.product;
  const ages = summariseAges(age, from, Number.POSITIVE_INFINITY);
  return {
    ...of,
    ageMs: { p50: round(ages.p50), p95: round(ages.p95), p99: round(ages.p99), max: round(ages.max) },
    fps: round((frames - 1) / seconds),
    size: `${width}x${height}`,
    sourceSize: `${sourceWidth}x${sourceHeight}`,
    quality,
    bytesPerFrame,
  };
}

/** Runs server, link and viewer for some seconds. `during` starts at the same time as the viewer. */
async function run(
  { source, megabits, delayMs }: Case,
  seconds: number,
  during: ((stall: (milliseconds: number) => void) => Promise<void>) | null,
): Promise<ProbeReport> {
  const { server, stop } = await startSource(source);
  const link = await startLink({ serverPort: server.port, bitsPerSecond: megabits * 1e6, delayMs });
  try {
    const [{ report }] = await Promise.all([
      runProbe({ port: link.port, seconds }),
      during?.((milliseconds) => link.stall(milliseconds)),
    ]);
    return report;
  } finally {
    link.close();
    await stop();
  }
}

async function startSource(source: Case["source"]): Promise<{ server: RunningServer; stop: () => Promise<unknown> }> {
  if (source === "pattern") {
    const server = await startServer(["--source", "pattern", "--size", PATTERN_SIZE, "--fps", String(FPS)]);
    return { server, stop: server.stop };
  }
  const size = `${CLIP_SIZE.width}x${CLIP_SIZE.height}`;
  const server = await startFedServer(["--pixel-format", "rgba", "--size", size, "--fps", String(FPS)]);
  // The clip plays three times as fast as it was taken, so there is more movement than in life.
  const feeding = feedFrames(server.input, FPS, codedFootage());
  return {
    server,
    async stop() {
      await feeding.stop();
      await server.stop();
    },
  };
}

/** The link stops for a while in the middle of a run. */
async function measureStall(
  progress: (text: string) => void,
): Promise<{ ms: number; panel: ReturnType<typeof stallPanel> }> {
  progress(`thin-link: a stall, ${labelOf(HARDEST)}`);
  let stalledAt = 0;
  const { age } = await run(HARDEST, 14, async (stall) => {
    await Bun.sleep(5_000);
    stalledAt = nowMicros();
    stall(STALL_MS);
  });
  const ms = recoveryMs(age, stalledAt + STALL_MS * 1000, AGE_LIMIT_MS, CALM_MS);
  return { ms, panel: stallPanel(age, stalledAt) };
}

function stallPanel({ firstAt, stepMs, agesMs }: AgeSamples, stalledAt: number) {
  const points = agesMs
    .map((ageMs, index): [number, number] => [(firstAt - stalledAt) / 1e6 + (index * stepMs) / 1000, ageMs])
    .filter(([seconds]) => seconds >= -2 && seconds <= STALL_MS / 1000 + 4);
  return {
    kind: "lines" as const,
    title: `Around a stall of ${STALL_MS / 1000} s (${labelOf(HARDEST)})`,
    unit: "ms",
    xUnit: "s after the stall began",
    series: [{ name: "age", points }],
  };
}
