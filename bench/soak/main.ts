// `bun run soak`: one server for a long time, viewers that come, go, stall and misbehave, and a judge of the pictures that they show.
//
// Usage: bun run soak [minutes]
//
// The judge checks three things. The pixels of each viewer equal the JPEG that the server stitches from that frame. The steady viewer
// never waits long for a picture. The memory of the server and of the steady viewer does not grow. It also prints how late the event
// loops of both were. The server of a soak run stitches and checks each picture, so its loop is later than that of `serve`.

import { fileURLToPath } from "node:url";
import { atLeast, atMost, formatTable, round } from "../bench.ts";
import { growth, residentMiB } from "../process-figures.ts";
import { startDrainClients, startLink } from "../processes.ts";
import type { Finding, LoopFinding, ViewerFinding } from "./findings.ts";
import { hearFindings } from "./hear.ts";
import { Judge } from "./judge.ts";

const SAMPLE_MS = 2_000;
/** Growth in the first minute does not count. This much growth after it does not count either, because garbage comes and goes. */
const GROWTH_LIMIT = 1.05;
const GUESTS_AT_ONCE = 2;
/**
 * The longest time without a new picture for a viewer with a good link, while others come, go and misbehave. The largest delays of the two
 * event loops are taken off, because they grow without bound while other programs take the processors.
 */
const GAP_LIMIT_MS = 1_000;
/** The 99th percentile of the delay of an event loop by its own work. */
const OWN_DELAY_LIMIT_MS = 2;
/**
 * Shorter runs, which the tests make on machines that are busy with other work, have no bounds for memory and event loops. Their memory still
 * changes with the caches and with the kinds of guests, and the compiler still works.
 */
const LONG_MINUTES = 10;

const minutes = Number(process.argv[2] ?? 10);
if (!(minutes >= 2)) {
  console.error("error: give the number of minutes, at least 2 (the first minute is the warm-up)");
  process.exit(2);
}

type Process = Bun.Subprocess<"ignore", "pipe", "inherit">;
const judge = new Judge();
const running = new Set<Process>();

function start(script: string, flags: readonly string[], hear: (line: Finding | { port: number }) => void): Process {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const child = Bun.spawn([process.execPath, path, ...flags], { stdio: ["ignore", "pipe", "inherit"] });
  running.add(child);
  hearFindings(child.stdout, hear).then(
    () => running.delete(child),
    (error: unknown) => judge.wrong.push(`${script}: ${error}`),
  );
  return child;
}

function startViewer(
  toPort: number,
  name: string,
  flags: readonly string[],
  hear?: (seen: ViewerFinding | LoopFinding) => void,
) {
  return start("./viewer.ts", [String(toPort), ...flags], (finding) => {
    if ("port" in finding) return;
    if (finding.kind === "frame") judge.shown(name, finding);
    else hear?.(finding);
  });
}

const loops: { server?: LoopFinding; viewer?: LoopFinding } = {};
const listening = Promise.withResolvers<number>();
const server = start("./server.ts", [], (finding) => {
  if ("port" in finding) listening.resolve(finding.port);
  else if (finding.kind === "frame") judge.stored(finding);
  else if (finding.kind === "loop") loops.server = finding;
});
const port = await listening.promise;
let steadySeen: ViewerFinding = { kind: "viewer", frames: 0, longestGapMs: 0, connections: 0 };
const steady = startViewer(port, "steady", ["0"], (seen) => {
  if (seen.kind === "loop") loops.viewer = seen;
  else steadySeen = seen;
});
const thinLink = await startLink({ serverPort: port, bitsPerSecond: 4e6, delayMs: 20 });

/** The visits of guests. Each visit ends by itself. */
const GUESTS: Record<string, () => Promise<void>> = {
  plain: () => visit("plain", port, ["0"], "SIGTERM"),
  small: () => visit("small", port, ["0", "640x360"], "SIGTERM"),
  slow: () => visit("slow", port, ["100"], "SIGTERM"),
  killed: () => visit("killed", port, ["0"], "SIGKILL"),
  async stopped() {
    const viewer = startViewer(port, "stopped", ["0"]);
    await Bun.sleep(4_000);
    viewer.kill("SIGSTOP");
    await Bun.sleep(3_000);
    viewer.kill("SIGCONT");
    await Bun.sleep(4_000);
    viewer.kill("SIGTERM");
    await viewer.exited;
  },
  async thin() {
    const viewer = startViewer(thinLink.port, "thin", ["0"]);
    await Bun.sleep(8_000);
    thinLink.stall(3_000);
    await Bun.sleep(8_000);
    viewer.kill("SIGTERM");
    await viewer.exited;
  },
  async crowd() {
    const clients = await startDrainClients(port, 20);
    await Bun.sleep(5_000);
    await clients.close();
  },
  async garbage() {
    const socket = await Bun.connect({ hostname: "127.0.0.1", port, socket: { data: () => undefined } });
    socket.write(crypto.getRandomValues(new Uint8Array(4096)));
    await Bun.sleep(500);
    socket.terminate();
  },
};

function shuffled(names: string[]): string[] {
  return names
    .map((name) => ({ name, at: Math.random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ name }) => name);
}

function describeLoop({ delayMs, ownDelayMs }: LoopFinding): string {
  const figures = ({ p50, p99, max }: LoopFinding["delayMs"]) => `p50 ${p50} ms, p99 ${p99}, max ${max}`;
  return `late by ${figures(delayMs)}; without waiting for a processor ${figures(ownDelayMs)}`;
}

async function visit(name: string, toPort: number, flags: readonly string[], end: NodeJS.Signals): Promise<void> {
  const viewer = startViewer(toPort, name, flags);
  await Bun.sleep(3_000 + Math.random() * 12_000);
  viewer.kill(end);
  await viewer.exited;
}

const samples = { server: [] as number[], viewer: [] as number[] };
const visits: Record<string, number> = {};
/** The kinds of guests that come next, with the next one last. Each kind comes once before any comes again, so a short run has all. */
const invited: string[] = [];
let guests = 0;
const sampling = setInterval(() => {
  samples.server.push(residentMiB(server.pid));
  samples.viewer.push(residentMiB(steady.pid));
  const seconds = (samples.server.length * SAMPLE_MS) / 1000;
  if (seconds % 60 === 0) {
    const memory = `server ${samples.server.at(-1)?.toFixed(0)} MiB, viewer ${samples.viewer.at(-1)?.toFixed(0)} MiB`;
    console.error(`${seconds / 60} min: ${memory}, ${judge.checked} pictures compared, ${judge.wrong.length} wrong`);
  }
}, SAMPLE_MS);
const inviting = setInterval(() => {
  if (guests >= GUESTS_AT_ONCE) return;
  if (invited.length === 0) invited.push(...shuffled(Object.keys(GUESTS)));
  const name = invited.pop() as string;
  visits[name] = (visits[name] ?? 0) + 1;
  guests++;
  GUESTS[name]?.()
    .catch((error: unknown) => judge.wrong.push(`guest ${name}: ${error}`))
    .finally(() => guests--);
}, 2_000);

await Bun.sleep(minutes * 60_000);
clearInterval(inviting);
clearInterval(sampling);
const wereAlive = server.exitCode === null && steady.exitCode === null;
thinLink.close();
for (const child of running) if (child !== server) child.kill("SIGTERM");
await Bun.sleep(1_000);
server.kill("SIGTERM");
await server.exited;
judge.conclude();

const warm = (values: readonly number[]) => values.slice(60_000 / SAMPLE_MS);
const memory = (name: keyof typeof samples) =>
  atMost(
    `${name}'s memory: ground of the last third ÷ of the first, after a minute`,
    growth(warm(samples[name])),
    GROWTH_LIMIT,
  );
const longBounds = [
  memory("server"),
  memory("viewer"),
  ...Object.entries(loops).map(([name, { ownDelayMs }]) =>
    atMost(`${name}'s event loop late by its own work, p99, ms`, ownDelayMs.p99, OWN_DELAY_LIMIT_MS),
  ),
];
const bounds = [
  ...(minutes >= LONG_MINUTES ? longBounds : []),
  atMost("pictures that differ from the server's", judge.wrong.length, 0),
  atLeast("pictures compared a minute", judge.checked / minutes, 60),
  atMost(
    "longest time without a new picture, steady viewer, beyond the largest delays of both event loops, ms",
    steadySeen.longestGapMs - Object.values(loops).reduce((sum, { delayMs }) => sum + delayMs.max, 0),
    GAP_LIMIT_MS,
  ),
  atMost("connections of the steady viewer", steadySeen.connections, 1),
  atLeast("server and steady viewer alive at the end", wereAlive ? 1 : 0, 1),
];
for (const text of judge.wrong.slice(0, 20)) console.log(text);
for (const [name, values] of Object.entries(samples)) {
  console.log(`${name}: ${Math.min(...values).toFixed(0)} to ${Math.max(...values).toFixed(0)} MiB`);
}
console.log(`longest time without a new picture, steady viewer: ${steadySeen.longestGapMs.toFixed(0)} ms`);
console.log(
  `${minutes} min, ${steadySeen.frames} pictures shown by the steady viewer, ${judge.checked} compared, ${judge.checkedGrey} of them grey`,
);
for (const [name, loop] of Object.entries(loops)) console.log(`${name}'s event loop: ${describeLoop(loop)}`);
console.log(`guests: ${JSON.stringify(visits)}`);
console.log(
  formatTable(
    bounds.map(({ name, value, bound, holds }) => [holds ? "holds" : "BROKEN", name, `${round(value)}`, bound]),
  ),
);
process.exit(bounds.every(({ holds }) => holds) ? 0 : 1);
