// `bench record`: what a recording costs the viewers beside it and the processors, and whether every encoded frame is in its file.

import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type FrameCode, readFrameCode } from "../src/capture/pattern/frame-code.ts";
import { Durations, type LatencyMs, median } from "../src/core/statistics.ts";
import { readRecording } from "../test/support/recorded-camera.ts";
import { atMost, type Bench, round } from "./bench.ts";
import { cpuMsBetween, readCpuTimes } from "./process-figures.ts";
import { runProbe, startServer } from "./processes.ts";

const SIZE = { width: 1280, height: 720 };
const FPS = 30;
const VIEWERS = 3;
/** The age of the viewers' pictures with a recording ÷ without, at p99, and the milliseconds of processor time of a recorded frame. */
const LIMITS = { p99: 1.1, cpuMs: 0.3 };
/** The difference between the time of a picture in the file and that of its capture. Matroska has milliseconds. */
const TIME_LIMIT_MS = 1;

interface Watched {
  latencyMicros: readonly number[];
  cpuMsPerFrame: number;
  /** The captured frames that were not encoded, because the processors were busy. */
  dropped: number;
}

/** What is wrong with a recording. */
interface Faults {
  pictures: number;
  missing: number;
  outOfOrder: number;
  worstTimeMs: number;
}

export const recordBench: Bench = async ({ quick, progress }) => {
  const ages = { without: new Durations(), recorded: new Durations() };
  const cpu = { without: [] as number[], recorded: [] as number[] };
  const files: Faults[] = [];
  let dropped = 0;
  const rounds = quick ? 1 : 6;
  const seconds = quick ? 3 : 10;
  for (let turn = 1; turn <= rounds; turn++) {
    for (const way of ["without", "recorded"] as const) {
      progress(`record: round ${turn} of ${rounds}: ${way}`);
      const folder = mkdtempSync(join(tmpdir(), "slipstream-bench-"));
      try {
        const watched = await watch(way === "recorded" ? ["--record", folder] : [], seconds);
        for (const micros of watched.latencyMicros) ages[way].record(micros);
        cpu[way].push(watched.cpuMsPerFrame);
        if (way === "without") continue;
        files.push(...filesOf(folder).map(examine));
        dropped += watched.dropped;
      } finally {
        rmSync(folder, { recursive: true });
      }
    }
  }
  const [without, recorded] = [ages.without.summary(), ages.recorded.summary()];
  const cpuMs = { without: round(median(cpu.without) ?? 0), recorded: round(median(cpu.recorded) ?? 0) };
  const sum = (figure: "pictures" | "missing" | "outOfOrder") => files.reduce((total, file) => total + file[figure], 0);
  const worstTimeMs = round(Math.max(...files.map((file) => file.worstTimeMs)));
  const row = (name: string, ms: LatencyMs, processor: number) => [
    ...[name, ms.p50.toFixed(2), ms.p99.toFixed(2), processor.toFixed(2)],
  ];
  return {
    name: "record",
    figures: { size: SIZE, fps: FPS, viewers: VIEWERS, without, recorded, cpuMsPerFrame: cpuMs, files, dropped },
    bounds: [
      atMost("age of the viewers' pictures with a recording ÷ without, p99", recorded.p99 / without.p99, LIMITS.p99),
      atMost("processor time of a recorded frame, ms", round(cpuMs.recorded - cpuMs.without), LIMITS.cpuMs),
      atMost(`encoded frames that are missing, of ${sum("pictures")}`, Math.max(0, sum("missing") - dropped), 0),
      atMost("pictures out of order", sum("outOfOrder"), 0),
      atMost("time of a picture in the file - time of its capture, ms", worstTimeMs, TIME_LIMIT_MS),
    ],
    table: [
      [`${VIEWERS} viewers`, "p50 ms", "p99 ms", "CPU ms/frame: server and ffmpeg"],
      row("without a recording", without, cpuMs.without),
      row("recorded", recorded, cpuMs.recorded),
      [`${sum("pictures")} pictures in files, ${sum("missing")} missing, ${dropped} dropped before they were encoded`],
    ],
  };
};

/** Serves the pattern to some viewers, and measures them after a warm-up. */
async function watch(flags: readonly string[], seconds: number): Promise<Watched> {
  const size = `${SIZE.width}x${SIZE.height}`;
  const server = await startServer(["--source", "pattern", "--size", size, "--fps", String(FPS), ...flags]);
  let before: Map<number, ReturnType<typeof readCpuTimes>> = new Map();
  let beganAt = 0;
  const onWarm = () => {
    before = new Map(family(server.pid).map((pid) => [pid, readCpuTimes(pid)]));
    beganAt = performance.now();
  };
  const probes = Array.from({ length: VIEWERS }, (_, index) =>
    runProbe({ port: server.port, seconds, warmUpSeconds: 2, ...(index === 0 ? { onWarm } : {}) }),
  );
  const [first] = probes;
  await first;
  const spent = before.entries().map(([pid, times]) => cpuMsBetween(times, readCpuTimes(pid)));
  const cpuMs = spent.reduce((total, ms) => total + ms, 0);
  const frames = ((performance.now() - beganAt) / 1000) * FPS;
  const viewers = await Promise.all(probes);
  const { report } = await server.stop();
  const latencyMicros = viewers.flatMap((viewer) => viewer.report.pixelLatencyMicros);
  return { latencyMicros, cpuMsPerFrame: cpuMs / frames, dropped: report.dropped };
}

/** A process and its children (proc(5)). */
function family(pid: number): number[] {
  const { stdout } = Bun.spawnSync(["pgrep", "--parent", String(pid)]);
  return [pid, ...stdout.toString().trim().split("\n").filter(Boolean).map(Number)];
}

function filesOf(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return names.filter((name) => name.endsWith(".mkv")).map((name) => join(folder, name));
}

/** Compares a file with the codes in its pictures, which ffmpeg decodes. */
function examine(path: string): Faults {
  const command = [
    "ffmpeg",
    "-v",
    "error",
    "-i",
    path,
    "-fps_mode",
    "passthrough",
    "-f",
    "rawvideo",
    "-pix_fmt",
    "rgba",
  ];
  const { stdout, stderr, exitCode } = Bun.spawnSync([...command, "pipe:1"]);
  if (exitCode !== 0) throw new Error(`ffmpeg cannot decode the recording: ${stderr.toString()}`);
  const bytes = 4 * SIZE.width * SIZE.height;
  const codes = Array.from({ length: stdout.length / bytes }, (_, index) =>
    readFrameCode(stdout.subarray(index * bytes, (index + 1) * bytes), SIZE),
  );
  if (codes.includes(null)) throw new Error("a recorded picture has no readable code");
  const read = codes as FrameCode[];
  const numbers = read.map(({ frameNumber }) => frameNumber);
  const times = readRecording(path).map(({ milliseconds }) => milliseconds);
  const offsets = read.map(({ bornAt }, index) => (times[index] ?? Number.NaN) - bornAt / 1000);
  return {
    pictures: read.length,
    missing: Math.max(...numbers) - Math.min(...numbers) + 1 - new Set(numbers).size,
    outOfOrder: numbers.filter((number, index) => index > 0 && number <= (numbers[index - 1] as number)).length,
    worstTimeMs: Math.max(...offsets.map((offset) => Math.abs(offset - (offsets[0] as number)))),
  };
}
