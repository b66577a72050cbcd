// `bench passthrough`: the processor time and latency of the server when it passes on a camera's JPEGs, compared with encoding the same footage.

import type { Connection } from "../src/connect/connection.ts";
import { connectTcp } from "../src/connect/tcp.ts";
import { nowMicros } from "../src/core/clock.ts";
import type { Size } from "../src/core/pixel-format.ts";
import { median } from "../src/core/statistics.ts";
import { atMost, type Bench, type Bound, round } from "./bench.ts";
import { footageFrames } from "./footage.ts";
import { picturesOf } from "../test/support/jpeg-run.ts";
import { type IntervalFigures, measureIntervals } from "./intervals.ts";
import { feedFrames, looped } from "./frame-feeder.ts";
import { cpuMsBetween, readCpuTimes } from "./process-figures.ts";
import { startFedServer } from "./processes.ts";

const FPS = 30;
const FRAMES = 30;
const SIZES: Size[] = [
  { width: 1280, height: 720 },
  { width: 1920, height: 1080 },
];
const LIMITS = { cpu: 0.35, beyondFeeding: 0.2, sent: 0.25 };
/** Only long runs check this bound: the ratio is 1 or more while the second core is busy with other work. */
const INTERVALS_LIMIT = 0.95;

const LONG = { warmUpMs: 6_000, measuredMs: 8_000 };
const SHORT = { warmUpMs: 1_000, measuredMs: 2_000 };

/** The input of the server, and the requests of its viewers. */
interface Way {
  name: string;
  frames: readonly Uint8Array[];
  flags: readonly string[];
  /** The width that each viewer asks for. 0 means the full width. The list is empty if there are no viewers. */
  viewers: readonly number[];
}

interface Cost {
  /** The number of complete frames that were sent to all viewers together in the measured time. */
  frames: number;
  bytesPerFrame: number;
  /** The processor time of the server for each captured frame. */
  cpuMsPerFrame: number;
  /** The time from the capture stamp, which is when the frame was complete on standard input, until the server writes its last byte. */
  sentMs: number;
  /** The number of full-size pictures whose bytes differ from those of the input. */
  wrong: number;
}

export const passthroughBench: Bench = async ({ quick, progress }) => {
  const bounds: Bound[] = [];
  const figures: Record<string, Record<string, Cost>> = {};
  const intervals: Record<string, IntervalFigures | null> = {};
  const table = [["footage", "", "frames", "kB/frame", "CPU ms/frame", "captured to sent, ms", "wrong"]];
  for (const size of quick ? SIZES.slice(0, 1) : SIZES) {
    const label = `${size.width}x${size.height}`;
    progress(`passthrough ${label}: reading footage`);
    const raw = footageFrames(size, FRAMES, "yuvj420p");
    const jpegs = asMjpeg(raw, size);
    const pixels = ["--pixel-format", "yuvj420p", "--size", label, "--fps", String(FPS)];
    const mjpeg = ["--pixel-format", "mjpeg"];
    const ways: Record<string, Way> = {
      fedJpegs: { name: "JPEGs, no viewer", frames: jpegs, flags: mjpeg, viewers: [] },
      passed: { name: "JPEGs, passed on", frames: jpegs, flags: mjpeg, viewers: [0] },
      mixed: { name: "the same, and half the size", frames: jpegs, flags: mjpeg, viewers: [0, size.width / 2] },
      fedPixels: { name: "pixels, no viewer", frames: raw, flags: pixels, viewers: [] },
      changed: { name: "pixels, changed tiles", frames: raw, flags: pixels, viewers: [0] },
      encoded: { name: "pixels, all tiles", frames: raw, flags: [...pixels, "--noise", "off"], viewers: [0] },
    };
    const costs: Record<string, Cost> = {};
    const add = async (key: string) => {
      costs[key] = await measure(ways[key] as Way, quick ? SHORT : LONG);
    };
    // The times of a short run mean little, so it runs two servers at once and only checks that they work.
    if (quick) await Promise.all(["mixed", "encoded"].map(add));
    else for (const key of Object.keys(ways)) await add(key);
    figures[label] = costs;
    for (const [key, cost] of Object.entries(costs)) {
      const { frames, bytesPerFrame, cpuMsPerFrame, sentMs, wrong } = cost;
      const cells = [String(frames), (bytesPerFrame / 1000).toFixed(1), cpuMsPerFrame.toFixed(2), sentMs.toFixed(2)];
      table.push([label, ways[key]?.name ?? "", ...cells, String(wrong)]);
    }
    const [passed, encoded] = [costs["passed"] ?? (costs["mixed"] as Cost), costs["encoded"] as Cost];
    bounds.push(
      atMost(`pictures with other bytes than the camera's, ${label}`, passed.wrong, 0),
      atMost(`captured to sent ÷ that of encoding, ${label}`, passed.sentMs / encoded.sentMs, LIMITS.sent),
    );
    if (quick) continue;
    const beyond = (cost: Cost, feeding: string) => cost.cpuMsPerFrame - (costs[feeding] as Cost).cpuMsPerFrame;
    const ratio = beyond(passed, "fedJpegs") / beyond(encoded, "fedPixels");
    bounds.push(
      atMost(`CPU per frame ÷ that of encoding, ${label}`, passed.cpuMsPerFrame / encoded.cpuMsPerFrame, LIMITS.cpu),
      atMost(`CPU per frame without reading frames ÷ that of encoding, ${label}`, ratio, LIMITS.beyondFeeding),
    );
    progress(`passthrough ${label}: restart markers`);
    const decoding = await measureIntervals(jpegs, 200);
    intervals[label] = decoding;
    if (decoding === null) continue;
    const { oneThreadMs, allThreadsMs, threads } = decoding;
    const times = `${oneThreadMs.toFixed(2)} ms by one thread, ${allThreadsMs.toFixed(2)} ms by ${threads}`;
    table.push([label, `decoding with restart markers: ${times}`]);
    const share = allThreadsMs / oneThreadMs;
    bounds.push(atMost(`decoding with restart markers ÷ without, ${label}`, share, INTERVALS_LIMIT));
  }
  return { name: "passthrough", figures: { fps: FPS, sizes: figures, intervals }, bounds, table };
};

/** Encodes the frames with ffmpeg, as the JPEGs of an MJPEG camera. */
function asMjpeg(frames: readonly Uint8Array[], { width, height }: Size): Uint8Array[] {
  const input = ["-f", "rawvideo", "-pix_fmt", "yuvj420p", "-s", `${width}x${height}`, "-i", "-"];
  const output = ["-c:v", "mjpeg", "-q:v", "4", "-huffman", "default", "-f", "mjpeg", "-"];
  const { stdout, success, stderr } = Bun.spawnSync(["ffmpeg", "-loglevel", "error", ...input, ...output], {
    stdin: Buffer.concat(frames),
  });
  if (!success) throw new Error(`ffmpeg could not make MJPEG: ${stderr.toString()}`);
  const jpegs = picturesOf(stdout);
  if (jpegs.length !== frames.length) throw new Error(`ffmpeg made ${jpegs.length} JPEGs of ${frames.length} frames`);
  return jpegs;
}

async function measure({ frames, flags, viewers }: Way, { warmUpMs, measuredMs }: typeof LONG): Promise<Cost> {
  const server = await startFedServer(flags);
  const feeding = feedFrames(server.input, FPS, looped(frames));
  const watchers = await Promise.all(viewers.map((width) => watch(server.port, width, frames)));
  await Bun.sleep(warmUpMs);
  const [cpuBefore, startedAt] = [readCpuTimes(server.pid), nowMicros()];
  const before = watchers.map(({ seen }) => ({ ...seen, sentMs: seen.sentMs.length }));
  await Bun.sleep(measuredMs);
  const [cpuAfter, endedAt] = [readCpuTimes(server.pid), nowMicros()];
  const after = watchers.map(({ seen }) => seen);
  for (const { close } of watchers) close();
  await feeding.stop();
  const { report } = await server.stop();
  if (report.frames === 0) throw new Error("the server captured no frame");
  const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
  const count = sum(after.map(({ frames: seen }, index) => seen - (before[index]?.frames ?? 0)));
  if (viewers.length > 0 && count === 0) throw new Error(`a server with ${flags.join(" ")} sent no frame`);
  const bytes = sum(after.map((seen, index) => seen.bytes - (before[index]?.bytes ?? 0)));
  // This rate comes from the clock of the feeder. The server's reports come once a second and are less exact.
  const captured = ((endedAt - startedAt) / 1e6) * FPS;
  const [first] = after;
  return {
    frames: count,
    bytesPerFrame: count === 0 ? 0 : Math.round(bytes / count),
    cpuMsPerFrame: round(cpuMsBetween(cpuBefore, cpuAfter) / captured),
    sentMs: first === undefined ? 0 : round(median(first.sentMs.slice(before[0]?.sentMs ?? 0)) ?? 0),
    wrong: sum(after.map(({ wrong }) => wrong)),
  };
}

interface Watcher {
  seen: { frames: number; bytes: number; wrong: number; sentMs: number[] };
  close(): void;
}

/** Connects a viewer that acknowledges at once and compares each full-size picture with that of the input. */
async function watch(port: number, width: number, fed: readonly Uint8Array[]): Promise<Watcher> {
  const seen: Watcher["seen"] = { frames: 0, bytes: 0, wrong: 0, sentMs: [] };
  const end = (frameNumber: number, capturedAt: number, sentAt: number) => {
    seen.frames++;
    seen.sentMs.push((sentAt - capturedAt) / 1000);
    const times = { transferMicros: 300, workMicros: 3_000, paceMicros: 3_000 };
    connection.acknowledge({ frameNumber, outcome: "shown", ...times });
  };
  const connection: Connection = await connectTcp(
    { host: "127.0.0.1", port, camera: "" },
    {
      onWelcome: () => undefined,
      onStream: () => undefined,
      onNotice: () => undefined,
      onPicture({ frameNumber, capturedAt, sentAt, jpeg }) {
        seen.bytes += jpeg.length;
        if (Buffer.compare(jpeg, fed[(frameNumber - 1) % fed.length] as Uint8Array) !== 0) seen.wrong++;
        end(frameNumber, capturedAt, sentAt);
      },
      onTiles({ frameNumber, capturedAt, sentAt, isLast }, { messageBytes }) {
        seen.bytes += messageBytes;
        if (isLast) end(frameNumber, capturedAt, sentAt);
      },
    },
  );
  if (width > 0) connection.wish({ paused: false, keepsSize: false, width, height: 1 });
  return { seen, close: () => connection.close() };
}
