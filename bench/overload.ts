// `bench overload`: a source that is faster than the machine, beside OpenCV's JPEG over TCP that is fed as fast. Newest wins must
// also hold when processors are short, and not links.
//
// Slipstream reads raw frames from a pipe and writes raw frames to a pipe (overload/piped-run.ts). These are two copies of each
// frame that OpenCV's programs do not have. In the second case four other programs keep the processors busy. In the third case the
// program that reads the viewer's frames is slow, and what it cannot take should not be encoded.

import { loadavg } from "node:os";
import { MissingError } from "../src/core/errors.ts";
import { median } from "../src/core/statistics.ts";
import { atLeast, atMost, type Bench, type Bound, round } from "./bench.ts";
import { footageFile } from "./footage-file.ts";
import { type PipedOutcome, runPiped } from "./overload/piped-run.ts";
import { outsidePeers } from "./peers/outside.ts";
import { type Outcome, type Peer, WARM_UP_SECONDS } from "./peers/peer.ts";

const SIZE = { width: 1280, height: 720 };
const NEIGHBOURS = 4;
const SLOW_MS = 20;

/** Slipstream's frames a second ÷ those of OpenCV's JPEG over TCP. */
const FPS_LIMIT = 1;
/** The ages of Slipstream's frames ÷ the time in which OpenCV's programs carry one frame. */
const P99_LIMIT = 7;
const OLDEST_LIMIT = 14;
/** The frames that the server encodes ÷ those that it sends to the viewer of a slow reader. */
const ENCODED_LIMIT = 5;

interface Case {
  name: string;
  neighbours: number;
  /** The time that the reader of the frames spends on each. OpenCV's programs have no such case. */
  slowMs: number;
}

const CASES: readonly Case[] = [
  { name: "alone", neighbours: 0, slowMs: 0 },
  { name: "with busy neighbours", neighbours: NEIGHBOURS, slowMs: 0 },
  { name: "slow reader", neighbours: 0, slowMs: SLOW_MS },
];

interface Measured {
  loads: number[];
  slipstream: PipedOutcome[];
  /** The rounds of OpenCV's programs, or an empty list. */
  opencv: Outcome[];
}

export const overloadBench: Bench = async ({ quick, progress }) => {
  const [rounds, seconds] = quick ? [1, 3] : [3, 5];
  const opencv = outsidePeers().find(({ name }) => name === "opencv-jpeg");
  if (!opencv?.isInstalled) {
    throw new MissingError("bench overload needs OpenCV for Python: bun run bench peers --install-peers installs it");
  }
  footageFile("moving", SIZE); // so that no run waits for it
  const bounds: Bound[] = [];
  const figures: object[] = [];
  const table = [["", "program", "fps", "p50 ms", "p99 ms", "oldest ms", "gap ms", "read", "encoded", "CPU ms/frame"]];
  for (const each of CASES) {
    const measured: Measured = { loads: [], slipstream: [], opencv: [] };
    for (let turn = 0; turn < rounds; turn++) {
      progress(`overload ${each.name}, round ${turn + 1} of ${rounds}`);
      await runRound(each, seconds, opencv, measured);
    }
    bounds.push(...boundsOf(each, measured));
    figures.push({ ...each, ...measured });
    table.push(...rowsOf(each, measured));
  }
  return { name: "overload", figures: { size: SIZE, rounds, secondsPerRound: seconds, cases: figures }, bounds, table };
};

async function runRound(
  { neighbours, slowMs }: Case,
  seconds: number,
  opencv: Peer,
  measured: Measured,
): Promise<void> {
  const busy = Array.from({ length: neighbours }, () => Bun.spawn(["sh", "-c", "while :; do :; done"]));
  try {
    measured.slipstream.push(await runPiped({ size: SIZE, fps: 0, warmUpSeconds: WARM_UP_SECONDS, seconds, slowMs }));
    if (slowMs === 0) {
      measured.opencv.push(await opencv.run({ size: SIZE, fps: 0, seconds, slowMs: 0, display: null }));
    }
    measured.loads.push(loadavg()[0] ?? 0);
  } finally {
    for (const each of busy) each.kill();
    await Promise.all(busy.map(({ exited }) => exited));
  }
}

function boundsOf({ name, neighbours }: Case, { slipstream, opencv }: Measured): Bound[] {
  const bounds: Bound[] = [];
  const over = (value: (outcome: PipedOutcome) => number) => middle(slipstream.map(value));
  if (opencv.length === 0) {
    const encoded = over(({ encodedShare }) => encodedShare);
    bounds.push(atMost(`frames encoded ÷ frames sent, ${name}`, encoded, ENCODED_LIMIT));
  } else {
    const opencvFps = middle(opencv.map(({ fps }) => fps));
    const frame = "OpenCV's time for a frame";
    const inFrames = (ms: number) => (ms * opencvFps) / 1000;
    bounds.push(atMost(`age p99 ÷ ${frame}, ${name}`, inFrames(over(({ ageMs }) => ageMs.p99)), P99_LIMIT));
    if (neighbours === 0) {
      bounds.push(atLeast(`frames a second ÷ OpenCV's, ${name}`, over(({ fps }) => fps) / opencvFps, FPS_LIMIT));
      bounds.push(atMost(`oldest frame ÷ ${frame}, ${name}`, inFrames(over(({ ageMs }) => ageMs.max)), OLDEST_LIMIT));
    }
  }
  const wrong = slipstream.reduce((sum, { unreadable, outOfOrder }) => sum + unreadable + outOfOrder, 0);
  bounds.push(atMost(`frames out of order or unreadable, ${name}`, wrong, 0));
  return bounds;
}

function rowsOf({ name }: Case, { slipstream, opencv }: Measured): string[][] {
  const over = (value: (outcome: PipedOutcome) => number, digits = 1) => middle(slipstream.map(value)).toFixed(digits);
  const rows = [
    [
      ...[
        name,
        "slipstream",
        over(({ fps }) => fps, 0),
        over(({ ageMs }) => ageMs.p50),
        over(({ ageMs }) => ageMs.p99),
      ],
      ...[over(({ ageMs }) => ageMs.max), over(({ gapMs }) => gapMs), over(({ readShare }) => readShare, 2)],
      over(({ encodedShare }) => encodedShare, 2),
      over(({ cpuMsPerFrame }) => (cpuMsPerFrame?.server ?? 0) + (cpuMsPerFrame?.viewer ?? 0)),
    ],
  ];
  if (opencv.length === 0) return rows;
  const their = (value: (outcome: Outcome) => number, digits = 1) => middle(opencv.map(value)).toFixed(digits);
  rows.push([
    ...["", "opencv-jpeg", their(({ fps }) => fps, 0), their(({ latencyMs }) => latencyMs.p50)],
    ...[their(({ latencyMs }) => latencyMs.p99), their(({ latencyMs }) => latencyMs.max), "", "", ""],
    their(({ cpuMsPerFrame }) => (cpuMsPerFrame?.sender ?? 0) + (cpuMsPerFrame?.receiver ?? 0)),
  ]);
  return rows;
}

function middle(values: readonly number[]): number {
  return round(median(values) ?? Number.NaN);
}
