// Crowds that meet a server whose limits are raised, so that the limits behind the first ones are reached: 2100 connections within
// a second that say nothing, and 950 viewers that never read large pictures.

import { statSync } from "node:fs";
import { join } from "node:path";
import { atLeast, atMost, type Bound } from "./bench.ts";
import { startAttack, temporaryFolder } from "./hostile-series.ts";
import { residentMiB, sendQueuesMiB } from "./process-figures.ts";
import { type RunningServer, startDrainClients, startProbe, startServer } from "./processes.ts";

const SILENT_PEERS = 2_100;
const UNREAD_PEERS = 950;
/** The rate of a viewer that comes while the silent peers are there ÷ the rate of the source. */
const RATE_LIMIT = 0.97;
const LARGE_FPS = 5;
/** The memory for pictures that viewers have not acknowledged (`max-waiting-memory`). The process needs some more for its work. */
const WAITING_MIB = 256;
const EXCESS = 2;
/** The longest time without a picture for a good viewer. */
const GAP_LIMIT_MS = 1_000;
const SAMPLE_MS = 50;

export interface Crowd {
  peers: number;
  what: string;
  /** The rate of the good viewer. */
  fps: number;
  /** The largest memory of the server and of its send queues in the kernel, in addition to that before. */
  memoryMiB: number;
  refusedBy: Record<string, number>;
  bounds: Bound[];
}

export async function runCrowds(progress: (text: string) => void): Promise<Crowd[]> {
  progress(`hostile: ${SILENT_PEERS} silent connections`);
  const silent = await silentCrowd();
  progress(`hostile: ${UNREAD_PEERS} viewers that do not read`);
  return [silent, await unreadCrowd()];
}

/** New connections are not limited by their rate here, but those without a greeting are. */
async function silentCrowd(): Promise<Crowd> {
  await using folder = await temporaryFolder();
  const settings = join(folder.path, "slipstream.toml");
  await Bun.write(settings, "max-connects-per-second = 10000\n");
  const fps = 30;
  const server = await startServer(["--config", settings, "--source", "pattern", "--fps", String(fps)]);
  const memory = watchMemory(server);
  const attack = startAttack(server.port, "silent", SILENT_PEERS, false);
  while ((server.latest().refusedBy.greetings ?? 0) < SILENT_PEERS - 100) await Bun.sleep(100);
  const during = await startProbe({ port: server.port });
  const { fps: seen } = await during.measure(3_000);
  await during.stop();
  attack.kill("SIGKILL");
  await attack.exited;
  const after = await startProbe({ port: server.port });
  const { fps: seenAfter } = await after.measure(2_000);
  await after.stop();
  const memoryMiB = memory.end();
  const { report } = await server.stop();
  return {
    peers: SILENT_PEERS,
    what: "silent, raised limits",
    fps: seen,
    memoryMiB,
    refusedBy: report.refusedBy,
    bounds: [
      atLeast("rate of a viewer that comes meanwhile ÷ source", seen / fps, RATE_LIMIT),
      atLeast("rate of a viewer that comes afterwards ÷ source", seenAfter / fps, RATE_LIMIT),
      atMost("viewers left over", report.viewers, 0),
    ],
  };
}

async function unreadCrowd(): Promise<Crowd> {
  await using folder = await temporaryFolder();
  const settings = join(folder.path, "slipstream.toml");
  await Bun.write(settings, "max-connects-per-second = 1000\nmax-viewers = 1000\n");
  const clip = join(folder.path, "noise.avi");
  const pictureBytes = makeLargePictures(clip);
  const server = await startServer(["--config", settings, "--source", clip]);
  const good = await startDrainClients(server.port, 1);
  await Bun.sleep(2_000);
  const frames = async () => (await good.report()).frames[0] ?? 0;
  const memory = watchMemory(server);
  const [before, startedAt] = [await frames(), performance.now()];
  const attack = startAttack(server.port, "unread", UNREAD_PEERS, false);
  let [last, lastAt, longestGapMs, mostViewers] = [before, startedAt, 0, 0];
  while (performance.now() - startedAt < 15_000) {
    await Bun.sleep(SAMPLE_MS);
    const [count, now] = [await frames(), performance.now()];
    mostViewers = Math.max(mostViewers, server.latest().viewers);
    longestGapMs = Math.max(longestGapMs, now - lastAt);
    if (count > last) lastAt = now;
    last = count;
  }
  const seconds = (performance.now() - startedAt) / 1000;
  attack.kill("SIGKILL");
  await attack.exited;
  await good.close();
  const memoryMiB = memory.end();
  const { report } = await server.stop();
  return {
    peers: UNREAD_PEERS,
    what: `never reading ${(pictureBytes / 1e6).toFixed(1)} MB, up to ${mostViewers} viewers`,
    fps: (last - before) / seconds,
    memoryMiB,
    refusedBy: report.refusedBy,
    bounds: [
      atLeast("rate of the good viewer ÷ source", (last - before) / seconds / LARGE_FPS, RATE_LIMIT),
      atMost("longest time without a picture ÷ a second", longestGapMs / GAP_LIMIT_MS, 1),
      atMost("most memory ÷ max-waiting-memory", memoryMiB / WAITING_MIB, EXCESS),
    ],
  };
}

/** Makes a file with pictures that JPEG hardly compresses. Returns the size of a picture in bytes. */
function makeLargePictures(path: string): number {
  const seconds = 2;
  const noise = `color=gray:s=1920x1080:r=${LARGE_FPS}:d=${seconds},noise=alls=60:allf=t`;
  const flags = ["-f", "lavfi", "-i", noise, "-c:v", "mjpeg", "-q:v", "3", "-pix_fmt", "yuvj420p", "-y", path];
  const { success, stderr } = Bun.spawnSync(["ffmpeg", "-loglevel", "error", "-nostdin", ...flags]);
  if (!success) throw new Error(`ffmpeg failed: ${stderr}`);
  return statSync(path).size / (seconds * LARGE_FPS);
}

/**
 * Follows the memory of a server, and the bytes in the kernel that its peers have not received. `end` returns the most that was
 * added, in MiB.
 */
function watchMemory({ pid, port }: RunningServer): { end: () => number } {
  const present = () => residentMiB(pid) + sendQueuesMiB(port);
  const before = present();
  let most = before;
  const timer = setInterval(() => {
    most = Math.max(most, present());
  }, SAMPLE_MS);
  return {
    end() {
      clearInterval(timer);
      return most - before;
    },
  };
}
