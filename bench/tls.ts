// `bench tls`: what encryption costs. The same measurements with TLS and without, by turns.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeCertificate, makeKey } from "../src/server/access/certificate-make.ts";
import { median } from "../src/core/statistics.ts";
import { atLeast, atMost, type Bench } from "./bench.ts";
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

interface Turn {
  p50Ms: number;
  p99Ms: number;
  /** Frames a second of one viewer of a source without a pause. */
  unpacedFps: number;
  /** Processor time of the server for each frame of each of the viewers. */
  cpuMsPerFrame: number;
}

export const tlsBench: Bench = async ({ quick, progress }) => {
  const folder = await mkdtemp(join(tmpdir(), "slipstream-bench-"));
  try {
    const [certificate, key] = [join(folder, "certificate.pem"), join(folder, "key.pem")];
    await Bun.write(key, makeKey());
    await Bun.write(certificate, await makeCertificate(await Bun.file(key).text(), ["localhost", "127.0.0.1"]));
    const withTls = ["--tls-cert", certificate, "--tls-key", key];
    const turns: { plain: Turn; secured: Turn }[] = [];
    const rounds = quick ? 1 : 5;
    for (let round = 1; round <= rounds; round++) {
      const measureOne = (flags: readonly string[], what: string) =>
        measure(flags, quick, (part) => progress(`tls: round ${round} of ${rounds}, ${what}: ${part}`));
      // The order changes, because machines become slower when they are hot.
      const securedFirst = round % 2 === 0 ? await measureOne(withTls, "with TLS") : null;
      const plain = await measureOne([], "without TLS");
      turns.push({ plain, secured: securedFirst ?? (await measureOne(withTls, "with TLS")) });
    }
    const of = (way: "plain" | "secured", figure: keyof Turn) => median(turns.map((turn) => turn[way][figure])) ?? 0;
    const ratio = (figure: keyof Turn) => of("secured", figure) / of("plain", figure);
    const row = (name: string, figure: keyof Turn, digits: number) => [
      name,
      of("plain", figure).toFixed(digits),
      of("secured", figure).toFixed(digits),
      ratio(figure).toFixed(2),
    ];
    return {
      name: "tls",
      figures: { size: SIZE, fps: FPS, viewers: VIEWERS, rounds: turns },
      bounds: [
        atMost("p50 with TLS ÷ without", ratio("p50Ms"), LATENCY_LIMIT),
        atMost("p99 with TLS ÷ without", ratio("p99Ms"), LATENCY_LIMIT),
        atLeast("unpaced rate with TLS ÷ without", ratio("unpacedFps"), RATE_LIMIT),
        atMost(`server's processor time with TLS ÷ without, ${VIEWERS} viewers`, ratio("cpuMsPerFrame"), CPU_LIMIT),
      ],
      table: [
        ["median of the rounds", "without TLS", "with TLS", "ratio"],
        row("p50 ms", "p50Ms", 2),
        row("p99 ms", "p99Ms", 2),
        row("unpaced frames a second", "unpacedFps", 1),
        row(`server's ms for a frame of one of ${VIEWERS} viewers`, "cpuMsPerFrame", 3),
      ],
    };
  } finally {
    await rm(folder, { recursive: true });
  }
};

async function measure(tls: readonly string[], quick: boolean, progress: (part: string) => void): Promise<Turn> {
  const source = (fps: number) => ["--source", "pattern", "--size", SIZE, "--fps", String(fps), ...tls];
  progress("latency");
  const paced = await startServer(source(FPS));
  const { report } = await runProbe({ port: paced.port, seconds: quick ? 4 : 10, warmUpSeconds: 2 });
  await paced.stop();
  progress("rate");
  const unpaced = await startServer(source(0));
  const fast = await runProbe({ port: unpaced.port, seconds: quick ? 4 : 8, warmUpSeconds: 2 });
  await unpaced.stop();
  progress(`${VIEWERS} viewers`);
  return {
    p50Ms: report.pixelLatencyMs.p50,
    p99Ms: report.pixelLatencyMs.p99,
    unpacedFps: (fast.report.frames - 1) / fast.report.seconds,
    cpuMsPerFrame: await measureMany(source(FPS), tls.length > 0, quick ? 3_000 : 8_000),
  };
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
