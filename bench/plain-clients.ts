// `bench plain-clients`: programs that speak plain HTTP. It measures how old their pictures are, how many one server feeds, and how fast
// snapshots are.

import { fileURLToPath } from "node:url";
import { DEBIAN_PYTHON } from "../scripts/setup/system-packages.ts";
import { openNetwork } from "../test/support/two-machines.ts";
import { median } from "../src/core/statistics.ts";
import { atLeast, atMost, type Bench, type Bound, round } from "./bench.ts";
import type { DrainedReport, SnapshotReport } from "./plain-client.ts";
import { cpuMsBetween, readCpuTimes } from "./process-figures.ts";
import { type RunningServer, startServer } from "./processes.ts";

const FPS = 30;
const SIZE = "1280x720";
const SLOW_MS = 100;
const MOST = 300;
const SNAPSHOTS_PER_SECOND = 500;
/** A link of 2 Mbit/s with the queue of a router (tc-tbf(8)), between two machines in network namespaces. */
const LINK = [
  "tc",
  "qdisc",
  "add",
  "dev",
  "cable",
  "root",
  "tbf",
  "rate",
  "2mbit",
  "burst",
  "16kb",
  "latency",
  "100ms",
];
/** After this time the quality fits to the link. */
const LINK_WARM_UP_SECONDS = 4;

/** The age of a slow client's picture at the end of 20 s, and that behind the link. They depend on the client and the link. */
const SLOW_AGE_MS = 250;
const LINK_AGE_MS = 400;
/** 29 of 30 frames. */
const RATE_LIMIT = 0.967;
const CORES_LIMIT = 1;
const SNAPSHOT_P99_MS = 10;

export const plainClientsBench: Bench = async ({ quick, progress }) => {
  const seconds = quick ? 8 : 20;
  progress(`plain-clients: a client that takes ${SLOW_MS} ms for each picture`);
  const slow = await withServer((server) => read({ port: portOf(server), pictureMs: SLOW_MS, seconds }));
  const slowAges = agesOf(slow, seconds / 4);
  const atEnd = (median(slow.pictures.slice(-10).map(({ ageMs }) => ageMs)) ?? 0) + SLOW_MS;
  progress("plain-clients: a client behind 2 Mbit/s");
  const linkAges = agesOf(await readBehindLink(seconds + LINK_WARM_UP_SECONDS), LINK_WARM_UP_SECONDS);
  const count = quick ? 50 : MOST;
  progress(`plain-clients: ${count} clients`);
  const many = await withServer((server) => measureMany(server, count, quick ? 4 : 20));
  progress(`plain-clients: ${SNAPSHOTS_PER_SECOND} snapshots a second`);
  const asked = await withServer((server) =>
    reportOf<SnapshotReport>(start("snapshot", portOf(server), SNAPSHOTS_PER_SECOND, quick ? 4 : 10)),
  );
  const snapshots = {
    perSecond: round(asked.milliseconds.length / asked.seconds),
    p50Ms: round(percentile(asked.milliseconds, 0.5)),
    p99Ms: round(percentile(asked.milliseconds, 0.99)),
    ageP99Ms: round(percentile(asked.ages, 0.99)),
  };
  const bounds: Bound[] = [
    atMost(`slow client: age of its picture in ms, when it is done with it, after ${seconds} s`, atEnd, SLOW_AGE_MS),
    atMost(`2 Mbit/s: age of a picture p95 in ms, from ${LINK_WARM_UP_SECONDS} s on`, linkAges.p95Ms, LINK_AGE_MS),
    ...(quick
      ? []
      : [
          atLeast(`least client's rate ÷ nominal, ${count} clients`, many.leastFps / FPS, RATE_LIMIT),
          atMost(`server's cores, ${count} clients`, many.cores, CORES_LIMIT),
          atMost("snapshot p99 in ms", snapshots.p99Ms, SNAPSHOT_P99_MS),
          atLeast("snapshots a second ÷ asked", snapshots.perSecond / SNAPSHOTS_PER_SECOND, 0.99),
        ]),
  ];
  const row = (name: string, { fps, p50Ms, p95Ms, maxMs }: Ages) => [
    ...[name, fps.toFixed(1), p50Ms.toFixed(1), p95Ms.toFixed(1), maxMs.toFixed(1)],
  ];
  return {
    name: "plain-clients",
    figures: {
      fps: FPS,
      size: SIZE,
      slow: { atEnd, ...slowAges },
      link: linkAges,
      many: { count, ...many },
      snapshots,
    },
    bounds,
    table: [
      ["client", "fps", "age p50 ms", "p95", "max"],
      row(`takes ${SLOW_MS} ms for each picture`, slowAges),
      row("behind 2 Mbit/s", linkAges),
      [`${count} clients`, `≥ ${many.leastFps.toFixed(1)}`, `${many.cores} cores`],
      ["snapshots", `${snapshots.perSecond}/s`, `p50 ${snapshots.p50Ms} ms`, `p99 ${snapshots.p99Ms} ms`],
    ],
  };
};

const FLAGS = ["--source", "pattern", "--size", SIZE, "--fps", String(FPS), "--http", "0"];

/** Needs root, because network namespaces do. */
async function readBehindLink(seconds: number): Promise<ReadReport> {
  using network = openNetwork();
  const [near, far] = network.machines;
  const limited = Bun.spawnSync([...near.through, ...LINK]);
  if (!limited.success) throw new Error(`tc failed: ${limited.stderr.toString().trim()}`);
  const flags = [...FLAGS, "--host", near.address, "--open", "--no-tls", "--no-announce"];
  const server = await startServer(flags, {}, near.through);
  try {
    return await read({ host: near.address, port: portOf(server), pictureMs: 0, seconds, through: far.through });
  } finally {
    await server.stop();
  }
}

async function withServer<Result>(use: (server: RunningServer) => Promise<Result>): Promise<Result> {
  const server = await startServer([...FLAGS, "--max-viewers", String(MOST + 1)]);
  try {
    return await use(server);
  } finally {
    await server.stop();
  }
}

function portOf(server: RunningServer): number {
  return server.latest().http?.port ?? 0;
}

/** The report of plain-client.py. */
interface ReadReport {
  pictures: { at: number; ageMs: number; bytes: number }[];
}

interface Reading {
  host?: string;
  port: number;
  pictureMs: number;
  seconds: number;
  through?: readonly string[];
}

function read({ host = "127.0.0.1", port, pictureMs, seconds, through = [] }: Reading): Promise<ReadReport> {
  const path = fileURLToPath(new URL("./plain-client.py", import.meta.url));
  return reportOf(spawn([...through, DEBIAN_PYTHON, path, host, ...[port, pictureMs, seconds].map(String)]));
}

function start(mode: string, port: number, count: number, seconds: number) {
  const path = fileURLToPath(new URL("./plain-client.ts", import.meta.url));
  return spawn([process.execPath, path, mode, ...[port, count, seconds].map(String)]);
}

function spawn(command: string[]) {
  return Bun.spawn(command, { stdio: ["ignore", "pipe", "pipe"] });
}

async function reportOf<Report>(child: ReturnType<typeof spawn>): Promise<Report> {
  const errors = child.stderr.text();
  const text = await child.stdout.text();
  if ((await child.exited) !== 0) throw new Error(`a plain client failed: ${await errors}`);
  return JSON.parse(text) as Report;
}

async function measureMany(server: RunningServer, count: number, seconds: number) {
  const child = start("drain", portOf(server), count, seconds);
  const output = child.stdout.text();
  for await (const _ of child.stderr) break; // the clients have begun to measure
  const before = readCpuTimes(server.pid);
  const startedAt = performance.now();
  const { fps } = JSON.parse(await output) as DrainedReport;
  const cores = round(cpuMsBetween(before, readCpuTimes(server.pid)) / (performance.now() - startedAt));
  const { fps: capturedFps, sentBytes } = server.latest();
  return { leastFps: round(Math.min(...fps)), medianFps: round(median(fps) ?? 0), capturedFps, cores, sentBytes };
}

interface Ages {
  fps: number;
  p50Ms: number;
  p95Ms: number;
  maxMs: number;
}

function agesOf({ pictures }: ReadReport, fromSecond: number): Ages {
  const late = pictures.filter(({ at }) => at >= fromSecond);
  const ages = late.map(({ ageMs }) => ageMs);
  const seconds = (late.at(-1)?.at ?? 0) - (late[0]?.at ?? 0);
  return {
    fps: round((late.length - 1) / seconds),
    p50Ms: round(percentile(ages, 0.5)),
    p95Ms: round(percentile(ages, 0.95)),
    maxMs: round(Math.max(...ages)),
  };
}

function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN;
}
