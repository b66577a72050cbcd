// `bench plain-clients`: programs that speak plain HTTP. It measures how old their pictures are, how many one server feeds, and how fast
// snapshots are. If ustreamer and gcc are installed, it is measured as well, with the same pictures.

import { fileURLToPath } from "node:url";
import { DEBIAN_PYTHON } from "../scripts/setup/package-table.ts";
import { openNetwork } from "../test/support/two-machines.ts";
import { median } from "../src/core/statistics.ts";
import { atLeast, atMost, type Bench, type Bound, round } from "./bench.ts";
import type { DrainedReport, SnapshotReport } from "./plain-client.ts";
import { cpuMsBetween, readCpuTimes } from "./process-figures.ts";
import { JpegFolder } from "./peers/jpeg-folder.ts";
import { hasUstreamer, startUstreamer } from "./peers/ustreamer.ts";
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
  const count = quick ? 50 : MOST;
  const ours = await withServer(async (server) => {
    const measured = await measure({ port: portOf(server), pid: server.pid }, { quick, seconds, count }, progress);
    return { ...measured, capturedFps: server.latest().fps, jpegs: await takePictures(portOf(server)) };
  });
  progress("plain-clients: a client behind 2 Mbit/s");
  const link = agesOf(await readBehindLink(seconds + LINK_WARM_UP_SECONDS), LINK_WARM_UP_SECONDS);
  const { jpegs, ...figures } = ours;
  const other = await measureUstreamer(jpegs, { quick, seconds, count }, (text) => progress(`${text}, ustreamer`));
  const { slow, many, snapshots } = ours;
  const bounds: Bound[] = [
    atMost(
      `slow client: age of its picture in ms, when it is done with it, after ${seconds} s`,
      slow.atEnd,
      SLOW_AGE_MS,
    ),
    atMost(`2 Mbit/s: age of a picture p95 in ms, from ${LINK_WARM_UP_SECONDS} s on`, link.p95Ms, LINK_AGE_MS),
    ...(quick
      ? []
      : [
          atLeast(`least client's rate ÷ nominal, ${count} clients`, many.leastFps / FPS, RATE_LIMIT),
          atMost(`server's cores, ${count} clients`, many.cores, CORES_LIMIT),
          atMost("snapshot p99 in ms", snapshots.p99Ms, SNAPSHOT_P99_MS),
          atLeast("snapshots a second ÷ asked", snapshots.perSecond / SNAPSHOTS_PER_SECOND, 0.99),
        ]),
  ];
  const rows = (name: string, measured: Measured) => [
    [
      ...[name, measured.slow.atEnd.toFixed(0), `≥ ${measured.many.leastFps.toFixed(1)}`],
      ...[measured.many.cores.toFixed(2), String(measured.snapshots.perSecond)],
      ...[measured.snapshots.p50Ms.toFixed(1), measured.snapshots.p99Ms.toFixed(1)],
    ],
  ];
  return {
    name: "plain-clients",
    figures: { fps: FPS, size: SIZE, count, ours: figures, link, ustreamer: other },
    bounds,
    table: [
      ["server", "slow client, ms old", `${count} clients, fps`, "cores", "snapshots/s", "p50 ms", "p99 ms"],
      ...rows("slipstream", ours),
      ...(other === null ? [] : rows("ustreamer", other)),
      ["2 Mbit/s", `p50 ${link.p50Ms.toFixed(0)} ms, p95 ${link.p95Ms.toFixed(0)} ms, ${link.fps.toFixed(1)} fps`],
    ],
  };
};

interface Lengths {
  quick: boolean;
  seconds: number;
  count: number;
}

type Measured = Awaited<ReturnType<typeof measure>>;

/** Measures a server of Motion JPEG over HTTP with the paths `/stream` and `/snapshot`. */
async function measure(
  { port, pid }: { port: number; pid: number },
  { quick, seconds, count }: Lengths,
  progress: (text: string) => void,
) {
  progress(`plain-clients: a client that takes ${SLOW_MS} ms for each picture`);
  const slow = await read({ port, pictureMs: SLOW_MS, seconds });
  const atEnd = (median(slow.pictures.slice(-10).map(({ ageMs }) => ageMs)) ?? 0) + SLOW_MS;
  progress(`plain-clients: ${count} clients`);
  const many = await measureMany({ port, pid }, count, quick ? 4 : 20);
  progress(`plain-clients: ${SNAPSHOTS_PER_SECOND} snapshots a second`);
  const asked = await reportOf<SnapshotReport>(start("snapshot", port, SNAPSHOTS_PER_SECOND, quick ? 4 : 10));
  const snapshots = {
    perSecond: Math.round(asked.milliseconds.length / asked.seconds),
    p50Ms: round(percentile(asked.milliseconds, 0.5)),
    p99Ms: round(percentile(asked.milliseconds, 0.99)),
  };
  return { slow: { atEnd: round(atEnd), ...agesOf(slow, seconds / 4) }, many, snapshots };
}

/** ustreamer's pictures tell when they were sent, not when they were captured, so its ages are too small by the time before. */
async function measureUstreamer(
  jpegs: readonly Uint8Array[],
  lengths: Lengths,
  progress: (text: string) => void,
): Promise<Measured | null> {
  if (!hasUstreamer()) return null;
  await using folder = await JpegFolder.create(jpegs);
  await using other = await startUstreamer(folder, FPS);
  return await measure(other, lengths, progress);
}

/** Returns some pictures of a server, for the fake camera of another. */
export async function takePictures(port: number): Promise<Uint8Array[]> {
  const jpegs: Uint8Array[] = [];
  while (jpegs.length < FPS) {
    jpegs.push(await (await fetch(`http://127.0.0.1:${port}/snapshot`)).bytes());
    await Bun.sleep(1000 / FPS);
  }
  return jpegs;
}

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

/** Measures a server with `count` clients of its path `/stream`. */
export async function measureMany({ port, pid }: { port: number; pid: number }, count: number, seconds: number) {
  const child = start("drain", port, count, seconds);
  const output = child.stdout.text();
  for await (const _ of child.stderr) break; // the clients have begun to measure
  const before = readCpuTimes(pid);
  const startedAt = performance.now();
  const { fps } = JSON.parse(await output) as DrainedReport;
  const cores = round(cpuMsBetween(before, readCpuTimes(pid)) / (performance.now() - startedAt));
  return { leastFps: round(Math.min(...fps)), medianFps: round(median(fps) ?? 0), cores };
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
