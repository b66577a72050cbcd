// Hostile peers of one kind in growing numbers, beside one good viewer that watches the same server all the time.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type HostileKind, needsHttp, needsTls } from "../test/support/hostile-peers.ts";
import { cpuMsBetween, type CpuTimes, readCpuTimes, residentMiB } from "./process-figures.ts";
import { startProbe, startServer } from "./processes.ts";

export const FPS = 30;
export const SIZE = "1280x720";
/** The time that the server has after an attack to give its memory back. */
const RECOVERY_MS = 10_000;
const WARM_UP_SECONDS = 2;
const SAMPLE_MS = 500;
const REHEARSAL_PEERS = 50;
const REHEARSAL_MS = 3_000;
const ATTACKER = fileURLToPath(new URL("../test/support/hostile-peers.ts", import.meta.url));

/** The figures of a server, a good viewer and hostile peers. */
export interface Figures {
  kind: HostileKind | "none";
  peers: number;
  /** The good viewer's rate and latency. */
  fps: number;
  p50Ms: number;
  p99Ms: number;
  /** The least memory of the server in the seconds after the attack ÷ the least before it. Null without such a wait. */
  memoryRatio: number | null;
  /** The processors that the server and the attackers kept busy. */
  serverCores: number;
  attackerCores: number;
  /** The largest number of viewers that the server had at a time. */
  mostViewers: number;
  /** The connections that were refused or ended during the attack. */
  refusedBy: Record<string, number>;
}

export interface SeriesOptions {
  kind: HostileKind;
  /** The numbers of hostile peers, one after the other. */
  counts: readonly number[];
  seconds: number;
  /** Whether the server's memory is measured some seconds after each attack. */
  waitsForMemory: boolean;
  /** Whether the attackers compete with the server for the processors. Otherwise they get only what all others leave. */
  competes: boolean;
  progress: (text: string) => void;
}

/**
 * Starts attackers. The scheduling class "idle" (sched(7)) gives them only processor time that no other process wants, as if they
 * were on other machines. Their files are not limited by the soft limit.
 */
export function startAttack(port: number, kind: HostileKind, peers: number, competes: boolean): Bun.Subprocess {
  const through = [
    "sh",
    "-c",
    'ulimit -n "$(ulimit -Hn)"; exec "$@"',
    "sh",
    ...(competes ? [] : ["chrt", "--idle", "0"]),
  ];
  const command = [...through, process.execPath, ATTACKER, String(port), kind, String(peers)];
  return Bun.spawn(command, { stdio: ["ignore", "ignore", "inherit"] });
}

/** Measures the good viewer alone, and then beside each number of peers. The first of the results is the viewer alone. */
export async function runSeries({
  kind,
  counts,
  seconds,
  waitsForMemory,
  competes,
  progress,
}: SeriesOptions): Promise<Figures[]> {
  // A server without a key asks for no proof.
  const key = kind === "wrong-keys" ? { SLIPSTREAM_KEY: "k7qf-2mzd-9x4w-hcv3-tb8n" } : {};
  await using folder = await temporaryFolder();
  const env = { XDG_STATE_HOME: folder.path, ...key };
  const doors = [...(needsTls(kind) ? ["--tls"] : []), "--http", "0"];
  const server = await startServer(["--source", "pattern", "--size", SIZE, "--fps", String(FPS), ...doors], env);
  const port = needsHttp(kind) ? (server.latest().http?.port ?? 0) : server.port;
  const viewer = await startProbe({ port: server.port, env, warmUpSeconds: WARM_UP_SECONDS });

  let memoryBefore = 0;
  const measure = async (peers: number): Promise<Figures> => {
    const refusedBefore = { ...server.latest().refusedBy };
    const cpuBefore = readCpuTimes(server.pid);
    const attack = peers === 0 ? null : startAttack(port, kind, peers, competes);
    let mostViewers = 0;
    let memory = Number.POSITIVE_INFINITY;
    const sampling = setInterval(() => {
      mostViewers = Math.max(mostViewers, server.latest().viewers);
      if (attack === null) memory = Math.min(memory, residentMiB(server.pid));
    }, SAMPLE_MS);
    const { fps, pixelLatencyMs } = await viewer.measure(seconds * 1000);
    clearInterval(sampling);
    if (attack !== null && attack.exitCode !== null)
      throw new Error(`the attackers ended early: exit code ${attack.exitCode}`);
    const serverCores = cpuMsBetween(cpuBefore, readCpuTimes(server.pid)) / (seconds * 1000);
    const noTimes: CpuTimes = new Map();
    const attackerCores = attack === null ? 0 : cpuMsBetween(noTimes, readCpuTimes(attack.pid)) / (seconds * 1000);
    attack?.kill("SIGKILL");
    await attack?.exited;
    if (waitsForMemory && attack !== null) memory = await leastMemory(server.pid);
    const memoryRatio = waitsForMemory && attack !== null ? memory / memoryBefore : null;
    memoryBefore = memory;
    return {
      kind: attack === null ? "none" : kind,
      peers,
      fps,
      p50Ms: pixelLatencyMs.p50,
      p99Ms: pixelLatencyMs.p99,
      memoryRatio,
      serverCores,
      attackerCores,
      mostViewers,
      refusedBy: difference(refusedBefore, server.latest().refusedBy),
    };
  };

  if (waitsForMemory) {
    // The first refusals make the engine compile their code and enlarge its heap, once. That is not memory that an attack keeps.
    const rehearsal = startAttack(server.port, kind, REHEARSAL_PEERS, competes);
    await Bun.sleep(REHEARSAL_MS);
    rehearsal.kill("SIGKILL");
    await rehearsal.exited;
  }
  const figures: Figures[] = [];
  for (const peers of [0, ...counts]) {
    progress(peers === 0 ? "hostile: the good viewer alone" : `hostile: ${peers} of ${kind}`);
    figures.push(await measure(peers));
  }
  await viewer.stop();
  await server.stop();
  return figures;
}

/**
 * Returns the least memory of a process, in MiB, in the time that it has to recover. Garbage collection makes memory rise and fall
 * by more than ten per cent. What an attack leaves behind raises the minimum.
 */
async function leastMemory(pid: number): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (const end = performance.now() + RECOVERY_MS; performance.now() < end; await Bun.sleep(SAMPLE_MS)) {
    least = Math.min(least, residentMiB(pid));
  }
  return least;
}

function difference(before: Record<string, number>, after: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(after).map(([limit, count]) => [limit, count - (before[limit] ?? 0)]));
}

/** A folder for the key of a server with TLS. It is removed with the scope. */
export async function temporaryFolder(): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(join(tmpdir(), "slipstream-bench-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}
