// `bench hostile`: hostile peers of each kind beside one good viewer, whose rate and latency must not become worse.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { HOSTILE_KINDS, type HostileKind, needsTls } from "../test/support/hostile-peers.ts";
import { atLeast, atMost, type Bench, type Bound } from "./bench.ts";
import { residentMiB } from "./process-figures.ts";
import { runProbe, startServer } from "./processes.ts";

const FPS = 30;
const SIZE = "1280x720";
/** The rate of the good viewer ÷ its rate alone. */
const RATE_LIMIT = 0.97;
/** The 99th percentile of the good viewer's latency ÷ the same alone. */
const LATENCY_LIMIT = 2;
/** The server's memory some seconds after the attack ÷ its memory before. */
const MEMORY_LIMIT = 1.05;
const RECOVERY_MS = 10_000;
const ATTACKER = fileURLToPath(new URL("../test/support/hostile-peers.ts", import.meta.url));

interface Figures {
  kind: HostileKind | "none";
  peers: number;
  fps: number;
  p50Ms: number;
  p99Ms: number;
  memoryRatio: number;
  refusedBy: object;
}

export const hostileBench: Bench = async ({ quick, progress }) => {
  const counts = quick ? [20] : [1, 50, 500];
  const figures: Figures[] = [];
  const bounds: Bound[] = [];
  for (const kind of HOSTILE_KINDS) {
    progress("hostile: the good viewer alone");
    const alone = await measure({ kind: null, peers: 0, withTls: needsTls(kind) }, quick);
    figures.push(alone);
    for (const peers of counts) {
      progress(`hostile: ${peers} of ${kind}`);
      const beside = await measure({ kind, peers, withTls: needsTls(kind) }, quick);
      figures.push(beside);
      const what = `${peers} × ${kind}`;
      bounds.push(atLeast(`rate ÷ alone, ${what}`, beside.fps / alone.fps, RATE_LIMIT));
      bounds.push(atMost(`p99 ÷ alone, ${what}`, beside.p99Ms / alone.p99Ms, LATENCY_LIMIT));
      if (!quick) bounds.push(atMost(`memory after ÷ before, ${what}`, beside.memoryRatio, MEMORY_LIMIT));
    }
  }
  return {
    name: "hostile",
    figures: { size: SIZE, fps: FPS, cases: figures },
    bounds,
    table: [
      ["peers", "kind", "fps", "p50 ms", "p99 ms", "memory after ÷ before", "refused or ended"],
      ...figures.map(({ kind, peers, fps, p50Ms, p99Ms, memoryRatio, refusedBy }) => [
        ...[String(peers), kind, fps.toFixed(1), p50Ms.toFixed(1), p99Ms.toFixed(1), memoryRatio.toFixed(2)],
        Object.entries(refusedBy)
          .filter(([, count]) => count > 0)
          .map(([limit, count]) => `${limit} ${count}`)
          .join(", "),
      ]),
    ],
  };
};

/** A folder for the key of a server with TLS. It is removed with the scope. */
async function stateFolder(): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(join(tmpdir(), "slipstream-bench-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

/** `withTls` says whether the server, and with it the good viewer, use TLS. */
async function measure(
  { kind, peers, withTls }: { kind: HostileKind | null; peers: number; withTls: boolean },
  quick: boolean,
): Promise<Figures> {
  // A server without a key asks for no proof.
  const key = kind === "wrong-keys" ? { SLIPSTREAM_KEY: "k7qf-2mzd-9x4w-hcv3-tb8n" } : {};
  await using folder = await stateFolder();
  const env = { XDG_STATE_HOME: folder.path, ...key };
  const tls = withTls ? ["--tls"] : [];
  const server = await startServer(["--source", "pattern", "--size", SIZE, "--fps", String(FPS), ...tls], env);
  let attack: Bun.Subprocess | null = null;
  let memoryBefore = 0;
  const probe = await runProbe({
    port: server.port,
    env,
    seconds: quick ? 5 : 10,
    warmUpSeconds: 2,
    onWarm() {
      memoryBefore = residentMiB(server.pid);
      if (kind === null) return;
      const command = [process.execPath, ATTACKER, String(server.port), kind, String(peers)];
      attack = Bun.spawn(command, { stdio: ["ignore", "ignore", "inherit"] });
    },
  });
  (attack as Bun.Subprocess | null)?.kill("SIGKILL");
  if (!quick && kind !== null) await Bun.sleep(RECOVERY_MS);
  const memoryAfter = residentMiB(server.pid);
  const { report } = await server.stop();
  const { frames, seconds, pixelLatencyMs } = probe.report;
  return {
    kind: kind ?? "none",
    peers,
    fps: (frames - 1) / seconds,
    p50Ms: pixelLatencyMs.p50,
    p99Ms: pixelLatencyMs.p99,
    memoryRatio: memoryAfter / memoryBefore,
    refusedBy: report.refusedBy,
  };
}
