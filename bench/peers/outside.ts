// The programs that people use today, if they are installed: senders and receivers in Python, and ffmpeg, which Python feeds through pipes.

import { fileURLToPath } from "node:url";
import { DEBIAN_PYTHON, type SystemNeed } from "../../scripts/setup/package-table.ts";
import { isInstalled } from "../../scripts/setup/system-packages.ts";
import type { Size } from "../../src/core/pixel-format.ts";
import { isListening } from "../../test/support/listening-port.ts";
import { footageFile } from "../footage-file.ts";
import { end, readReports } from "../processes.ts";
import { type Commands, ffmpegCommands } from "./ffmpeg-commands.ts";
import { perFrame } from "./ours.ts";
import { type Outcome, type Peer, type Round, WARM_UP_SECONDS } from "./peer.ts";
import { processorShares } from "./processor-time.ts";

interface Kind {
  name: string;
  needs: readonly SystemNeed[];
  compresses?: false;
  hasWindow?: true;
  /** The receiver listens and the sender connects. */
  receiverListens?: true;
  /** Frames go through these programs by pipes. */
  commands?: (size: Size, port: number) => Commands;
}

const KINDS: readonly Kind[] = [
  { name: "python-pickle", needs: ["numpy", "OpenCV"], compresses: false },
  { name: "opencv-jpeg", needs: ["numpy", "OpenCV"], hasWindow: true },
  { name: "zmq-reqrep", needs: ["numpy", "OpenCV", "ZeroMQ"], receiverListens: true },
  { name: "zmq-pubsub", needs: ["numpy", "OpenCV", "ZeroMQ"] },
  { name: "gstreamer", needs: ["numpy", "GStreamer", "GStreamer's TCP", "GStreamer's JPEG"] },
  { name: "ffmpeg", needs: ["numpy", "ffmpeg"], commands: ffmpegCommands },
];

/** All peers. Checks which of them are installed. */
export function outsidePeers(): Peer[] {
  return KINDS.map((kind) => ({
    name: kind.name,
    isInstalled: process.platform === "linux" && kind.needs.every(isInstalled),
    compresses: kind.compresses ?? true,
    hasWindow: kind.hasWindow ?? false,
    hasPipes: kind.commands !== undefined,
    run: (round) => run(kind, round),
  }));
}

/** The report of receiver.py. */
type Findings = Omit<Outcome, "cpuMsPerFrame" | "bytesPerFrame"> & { bytesPerFrame: number; warm?: true };

const LISTENING_PATIENCE_MS = 30_000;
/** The time for the start and the first frame, in addition to the measured time. */
const RECEIVING_PATIENCE_MS = 20_000;
const ENDING_PATIENCE_MS = 5_000;

async function run(kind: Kind, { size, fps, seconds, slowMs, display }: Round): Promise<Outcome> {
  const port = freePort();
  const commands = kind.commands?.(size, port) ?? { sender: [], receiver: [] };
  const sides = [String(size.width), String(size.height)];
  const sender = startPython(
    ["sender.py", kind.name, String(port), footageFile("moving", size), ...sides, String(fps), ...commands.sender],
    null,
  );
  try {
    if (!kind.receiverListens) await untilListening(port, sender);
    const plan = [String(seconds), String(slowMs), String(WARM_UP_SECONDS), display === null ? "none" : "window"];
    const receiver = startPython(
      ["receiver.py", kind.name, String(port), ...sides, ...plan, ...commands.receiver],
      display,
    );
    let sharing: Promise<number[] | null> = Promise.resolve(null);
    const reports = readReports<Findings>(receiver.stdout, ({ warm }) => {
      if (warm) sharing = processorShares([sender.pid, receiver.pid], seconds);
    });
    reports.catch(() => undefined); // the exit of the receiver has a better error
    const limit = setTimeout(() => void stop(receiver), (WARM_UP_SECONDS + seconds) * 1000 + RECEIVING_PATIENCE_MS);
    await end(receiver, `the receiver of ${kind.name}`);
    clearTimeout(limit);
    const findings = await reports;
    if (findings.frames < 2) throw new Error(`no frame arrived through ${kind.name}`);
    const cpuMsPerFrame = perFrame(await sharing, findings.fps);
    return { ...findings, bytesPerFrame: findings.bytesPerFrame || null, cpuMsPerFrame };
  } finally {
    await stop(sender);
  }
}

/** Ends a process. If it ignores SIGTERM, SIGKILL ends it. */
async function stop(child: Bun.Subprocess<"ignore", "pipe", "pipe">): Promise<void> {
  child.kill();
  const force = setTimeout(() => child.kill("SIGKILL"), ENDING_PATIENCE_MS);
  await child.exited;
  clearTimeout(force);
}

function startPython(args: readonly string[], display: string | null): Bun.Subprocess<"ignore", "pipe", "pipe"> {
  return Bun.spawn([DEBIAN_PYTHON, "-B", ...args], {
    cwd: fileURLToPath(new URL(".", import.meta.url)),
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...(display === null ? {} : { DISPLAY: display }) },
  });
}

/** Returns a port that is free now, for a program that cannot report its port. */
function freePort(): number {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => undefined } });
  listener.stop(true);
  return listener.port;
}

/** Waits until the sender listens. Does not connect, because some senders serve only the first connection. */
async function untilListening(port: number, sender: Bun.Subprocess<"ignore", "pipe", "pipe">): Promise<void> {
  const giveUpAt = performance.now() + LISTENING_PATIENCE_MS;
  while (!isListening(port)) {
    if (sender.exitCode !== null) {
      throw new Error(`the sender ended before it listened: ${await new Response(sender.stderr).text()}`);
    }
    if (performance.now() > giveUpAt) throw new Error(`the sender does not listen within ${LISTENING_PATIENCE_MS} ms`);
    await Bun.sleep(10);
  }
}
