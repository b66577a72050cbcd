// `bench overload`: a source that is faster than the machine, beside OpenCV's JPEG over TCP that is fed as fast. Newest wins must
// also hold when processors are short, and not links.
//
// Slipstream reads raw frames from a pipe and writes raw frames to a pipe (overload/piped-run.ts). These are two copies of each
// frame that OpenCV's programs do not have. In the second case four other programs keep the processors busy.

import { loadavg } from "node:os";
import { MissingError } from "../src/core/errors.ts";
import { median } from "../src/core/statistics.ts";
import { atLeast, atMost, type Bench, type Bound, round } from "./bench.ts";
import { footageFile } from "./footage-file.ts";
import { type PipedOutcome, runPiped } from "./overload/piped-run.ts";
import { outsidePeers } from "./peers/outside.ts";
import { type Outcome, WARM_UP_SECONDS } from "./peers/peer.ts";

const SIZE = { width: 1280, height: 720 };
const NEIGHBOURS = 4;

/** Slipstream's frames a second ÷ those of OpenCV's JPEG over TCP. */
const FPS_LIMIT = 1;
/** The ages of Slipstream's frames ÷ the time in which OpenCV's programs carry one frame. */
const P99_LIMIT = 7;
const OLDEST_LIMIT = 14;

interface Case {
  name: string;
  neighbours: number;
}

const CASES: readonly Case[] = [
  { name: "alone", neighbours: 0 },
  { name: "with busy neighbours", neighbours: NEIGHBOURS },
];

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
  for (const { name, neighbours } of CASES) {
    const ours: PipedOutcome[] = [];
    const theirs: Outcome[] = [];
    const loads: number[] = [];
    for (let turn = 0; turn < rounds; turn++) {
      progress(`overload ${name}, round ${turn + 1} of ${rounds}`);
      const busy = Array.from({ length: neighbours }, () => Bun.spawn(["sh", "-c", "while :; do :; done"]));
      try {
        ours.push(await runPiped({ size: SIZE, fps: 0, warmUpSeconds: WARM_UP_SECONDS, seconds }));
        theirs.push(await opencv.run({ size: SIZE, fps: 0, seconds, slowMs: 0, display: null }));
        loads.push(loadavg()[0] ?? 0);
      } finally {
        for (const each of busy) each.kill();
        await Promise.all(busy.map(({ exited }) => exited));
      }
    }
    const over = (value: (outcome: PipedOutcome) => number) => middle(ours.map(value));
    const fps = over((outcome) => outcome.fps);
    const p99 = over(({ ageMs }) => ageMs.p99);
    const oldest = over(({ ageMs }) => ageMs.max);
    const opencvFps = middle(theirs.map((outcome) => outcome.fps));
    const opencvFrameMs = 1000 / opencvFps;
    const frame = "OpenCV's time for a frame";
    if (neighbours === 0) {
      bounds.push(atLeast(`frames a second ÷ OpenCV's, ${name}`, fps / opencvFps, FPS_LIMIT));
      bounds.push(atMost(`oldest frame ÷ ${frame}, ${name}`, oldest / opencvFrameMs, OLDEST_LIMIT));
    }
    bounds.push(atMost(`age p99 ÷ ${frame}, ${name}`, p99 / opencvFrameMs, P99_LIMIT));
    const wrong = ours.reduce((sum, { unreadable, outOfOrder }) => sum + unreadable + outOfOrder, 0);
    bounds.push(atMost(`frames out of order or unreadable, ${name}`, wrong, 0));
    figures.push({ name, neighbours, loads, slipstream: ours, opencv: theirs });
    const cell = (value: number, digits = 1) => value.toFixed(digits);
    const cpu = over(({ cpuMsPerFrame }) => (cpuMsPerFrame?.server ?? 0) + (cpuMsPerFrame?.viewer ?? 0));
    table.push([
      ...[name, "slipstream", cell(fps, 0), cell(over(({ ageMs }) => ageMs.p50)), cell(p99), cell(oldest)],
      ...[
        cell(over(({ gapMs }) => gapMs)),
        cell(
          over(({ readShare }) => readShare),
          2,
        ),
      ],
      ...[
        cell(
          over(({ encodedShare }) => encodedShare),
          2,
        ),
        cell(cpu),
      ],
    ]);
    const their = (value: (outcome: Outcome) => number) => cell(middle(theirs.map(value)));
    table.push([
      ...["", "opencv-jpeg", cell(opencvFps, 0), their(({ latencyMs }) => latencyMs.p50)],
      ...[their(({ latencyMs }) => latencyMs.p99), their(({ latencyMs }) => latencyMs.max), "", "", ""],
      their(({ cpuMsPerFrame }) => (cpuMsPerFrame?.sender ?? 0) + (cpuMsPerFrame?.receiver ?? 0)),
    ]);
  }
  return { name: "overload", figures: { size: SIZE, rounds, secondsPerRound: seconds, cases: figures }, bounds, table };
};

function middle(values: readonly number[]): number {
  return round(median(values) ?? Number.NaN);
}
