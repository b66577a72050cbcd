// One run of Slipstream between two pipes: a program writes raw frames to the server's standard input, and another one reads the
// frames that the viewer writes to its standard output.

import { fileURLToPath } from "node:url";
import type { Size } from "../../src/core/pixel-format.ts";
import { end, readReports, startServer } from "../processes.ts";
import { processorShares } from "../peers/processor-time.ts";
import type { FrameReaderReport } from "./frame-reader.ts";
import { openSystemPipe } from "../../test/support/system-pipe.ts";

export interface PipedRun {
  size: Size;
  /** The rate of the source. 0 means as fast as the server takes frames. */
  fps: number;
  warmUpSeconds: number;
  seconds: number;
  /** The time that the reader of the viewer's output spends on each frame. */
  slowMs?: number;
}

export interface PipedOutcome extends FrameReaderReport {
  /** The processor time of server and viewer for each frame that came out. Null if it is unknown. */
  cpuMsPerFrame: { server: number; viewer: number } | null;
  /** The numbers of frames that the server has read and encoded, ÷ those that came out. */
  readShare: number;
  encodedShare: number;
}

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Runs source, server, viewer and reader. Throws if one of them fails. */
export async function runPiped({ size, fps, warmUpSeconds, seconds, slowMs = 0 }: PipedRun): Promise<PipedOutcome> {
  const label = `${size.width}x${size.height}`;
  const program = (...args: string[]) => [process.execPath, ...args];
  using input = openSystemPipe();
  using output = openSystemPipe();
  const feeder = Bun.spawn(program(at("./feeder.ts"), label, String(fps)), {
    stdio: ["ignore", input.writingEnd, "inherit"],
  });
  try {
    const flags = ["--source", "-", "--pixel-format", "rgba", "--size", label];
    const server = await startServer(flags, {}, [], input.readingEnd);
    input[Symbol.dispose]();
    const address = `127.0.0.1:${server.port}`;
    const viewer = Bun.spawn(program(at("../../src/cli/view.ts"), address, "--display", "none", "--output", "-"), {
      stdio: ["ignore", output.writingEnd, "pipe"],
    });
    const plan = [label, String(warmUpSeconds), String(seconds), String(slowMs)];
    const reader = Bun.spawn(program(at("./frame-reader.ts"), ...plan), {
      stdio: [output.readingEnd, "pipe", "pipe"],
    });
    output[Symbol.dispose]();
    let shares: Promise<number[] | null> = Promise.resolve(null);
    let before = server.latest();
    const reports = readReports<FrameReaderReport & { warm?: true }>(reader.stdout, ({ warm }) => {
      if (!warm) return;
      shares = processorShares([server.pid, viewer.pid], seconds);
      before = server.latest();
    });
    await end(reader, "the reader of the frames");
    const after = server.latest();
    const report = await reports;
    const [ofServer, ofViewer] = (await shares) ?? [];
    viewer.kill();
    await viewer.exited;
    await server.stop();
    const sent = Math.max(1, after.sent - before.sent);
    const isKnown = ofServer !== undefined && ofViewer !== undefined && report.fps > 0;
    return {
      ...report,
      cpuMsPerFrame: isKnown
        ? { server: (ofServer * 1000) / report.fps, viewer: (ofViewer * 1000) / report.fps }
        : null,
      readShare: (after.frames - before.frames) / sent,
      encodedShare: (after.encoded - before.encoded) / sent,
    };
  } finally {
    feeder.kill();
    await feeder.exited;
  }
}
