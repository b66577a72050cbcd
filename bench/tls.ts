// `bench tls`: latency, rate and processor time with TLS, compared with the same without TLS in one run.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeCertificate, makeKey } from "../src/server/access/certificate-make.ts";
import { Durations, median } from "../src/core/statistics.ts";
import { atLeast, atMost, type Bench } from "./bench.ts";
import type { ProbeReport } from "./probe-viewer.ts";
import { cpuMsBetween, readCpuTimes } from "./process-figures.ts";
import { runProbe, startDrainClients, startServer } from "./processes.ts";

const SIZE = "1280x720";
const FPS = 30;
const VIEWERS = 100;
/** Latency with TLS ÷ without. */
const LATENCY_LIMIT = 1.1;
/** Most frames a second with TLS ÷ without. */
const RATE_LIMIT = 0.9;
/** Processor time of the server for 100 viewers with TLS ÷ without. */
const CPU_LIMIT = 1.3;

interface Figures {
  p50Ms: number;
  /** The latency of each frame. */
  latencyMicros: readonly number[];
  /** Frames a second of one viewer of a source without a pause. */
  unpacedFps: number;
  /** Processor time of the server for each frame of each of the viewers. */
  cpuMsPerFrame: number;
}

type Figure = Exclude<keyof Figures, "latencyMicros">;

/** One round with TLS and without. */
interface Round {
  plain: Figures;
  secured: Figures;
}

export const tlsBench: Bench = async ({ quick, progress }) => {
  const folder = await mkdtemp(join(tmpdir(), "slipstream-bench-"));
  try {
    const [certificate, key] = [join(folder, "certificate.pem"), join(folder, "key.pem")];
    await Bun.write(key, makeKey());
    await Bun.write(certificate, await makeCertificate(await Bun.file(key).text(), ["localhost", "127.0.0.1"]));
    const rounds: Round[] = [];
    const count = quick ? 1 : 7;
    for (let round = 1; round <= count; round++) {
      const tell = (part: string) => progress(`tls: round ${round} of ${count}: ${part}`);
      rounds.push(await measure(["--tls-cert", certificate, "--tls-key", key], quick, tell));
    }
    const of = (way: keyof Round, figure: Figure) => median(rounds.map((round) => round[way][figure])) ?? 0;
    // Both ways of a round share the load of the machine, and two rounds do not.
    const ratio = (figure: Figure) => median(rounds.map(({ plain, secured }) => secured[figure] / plain[figure])) ?? 0;
    // The 99th percentile of one round is its few worst frames, so the frames of all rounds are put together.
    const p99Ms = (way: keyof Round) => {
      const all = new Durations();
      for (const round of rounds) for (const micros of round[way].latencyMicros) all.record(micros);
      return all.percentileMs(99);
    };
    const [plainP99, securedP99] = [p99Ms("plain"), p99Ms("secured")];
    const row = (name: string, figure: Figure, digits: number) => [
      name,
      of("plain", figure).toFixed(digits),
      of("secured", figure).toFixed(digits),
      ratio(figure).toFixed(2),
    ];
    return {
      name: "tls",
      figures: {
        size: SIZE,
        fps: FPS,
        viewers: VIEWERS,
        p99Ms: { plain: plainP99, secured: securedP99 },
        rounds: rounds.map(withoutFrames),
      },
      bounds: [
        atMost("p50 with TLS ÷ without", ratio("p50Ms"), LATENCY_LIMIT),
        atMost("p99 with TLS ÷ without", securedP99 / plainP99, LATENCY_LIMIT),
        atLeast("unpaced rate with TLS ÷ without", ratio("unpacedFps"), RATE_LIMIT),
        atMost(`server's processor time with TLS ÷ without, ${VIEWERS} viewers`, ratio("cpuMsPerFrame"), CPU_LIMIT),
      ],
      table: [
        ["median of the rounds", "without TLS", "with TLS", "median ratio"],
        row("p50 ms", "p50Ms", 2),
        ["p99 ms, of all rounds", plainP99.toFixed(2), securedP99.toFixed(2), (securedP99 / plainP99).toFixed(2)],
        row("unpaced frames a second, both at a time", "unpacedFps", 1),
        row(`server's ms for a frame of one of ${VIEWERS} viewers`, "cpuMsPerFrame", 3),
      ],
    };
  } finally {
    await rm(folder, { recursive: true });
  }
};

function withoutFrames({ plain, secured }: Round): object {
  const { latencyMicros: _, ...ofPlain } = plain;
  const { latencyMicros: __, ...ofSecured } = secured;
  return { plain: ofPlain, secured: ofSecured };
}

/**
 * Measures both ways. Latency and rate are measured at the same time, so that both ways share what other programs of the machine do. The
 * processor time, which these change little, is measured alternately.
 */
async function measure(tls: readonly string[], quick: boolean, progress: (part: string) => void): Promise<Round> {
  progress("latency");
  const [plain, secured] = await probeBoth(FPS, tls, quick ? 4 : 20);
  progress("rate");
  const [plainRate, securedRate] = await probeBoth(0, tls, quick ? 4 : 6);
  const milliseconds = quick ? 3_000 : 6_000;
  progress(`${VIEWERS} viewers without TLS`);
  const plainCpu = await measureMany(sourceOf(FPS), false, milliseconds);
  progress(`${VIEWERS} viewers with TLS`);
  const securedCpu = await measureMany([...sourceOf(FPS), ...tls], true, milliseconds);
  const figures = (paced: ProbeReport, unpaced: ProbeReport, cpuMsPerFrame: number): Figures => ({
    p50Ms: paced.pixelLatencyMs.p50,
    latencyMicros: paced.pixelLatencyMicros,
    unpacedFps: (unpaced.frames - 1) / unpaced.seconds,
    cpuMsPerFrame,
  });
  return { plain: figures(plain, plainRate, plainCpu), secured: figures(secured, securedRate, securedCpu) };
}

function sourceOf(fps: number): string[] {
  return ["--source", "pattern", "--size", SIZE, "--fps", String(fps)];
}

/** Runs two servers at the same time, one without and one with TLS, each with a viewer. */
async function probeBoth(fps: number, tls: readonly string[], seconds: number): Promise<[ProbeReport, ProbeReport]> {
  const one = async (flags: readonly string[]) => {
    const server = await startServer([...sourceOf(fps), ...flags]);
    const { report } = await runProbe({ port: server.port, seconds, warmUpSeconds: 2 });
    await server.stop();
    return report;
  };
  return await Promise.all([one([]), one(tls)]);
}

async function measureMany(flags: readonly string[], usesTls: boolean, milliseconds: number): Promise<number> {
  const server = await startServer([...flags, "--max-viewers", String(VIEWERS)]);
  const clients = await startDrainClients(server.port, VIEWERS, usesTls);
  await Bun.sleep(1_000);
  const [before, cpuBefore] = [await clients.report(), readCpuTimes(server.pid)];
  await Bun.sleep(milliseconds);
  const [after, cpuAfter] = [await clients.report(), readCpuTimes(server.pid)];
  await clients.close();
  await server.stop();
  const sum = (counts: number[]) => counts.reduce((total, count) => total + count, 0);
  return cpuMsBetween(cpuBefore, cpuAfter) / (sum(after.frames) - sum(before.frames));
}
