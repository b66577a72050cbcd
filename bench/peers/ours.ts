// Slipstream as a peer in `bench peers`: the footage server and the probe of the other benches.

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { runProbe, startFootageServer } from "../processes.ts";
import { type Outcome, type Peer, type Round, WARM_UP_SECONDS } from "./peer.ts";
import { processorShares } from "./processor-time.ts";

const SDL_BINDING = fileURLToPath(new URL("../../node_modules/@kmamal/sdl/dist/sdl.node", import.meta.url));

export const OURS: Peer = {
  name: "slipstream",
  isInstalled: true,
  compresses: true,
  hasPipes: false,
  hasWindow: existsSync(SDL_BINDING),
  run,
};

async function run({ size, fps, seconds, slowMs, display }: Round): Promise<Outcome> {
  const server = await startFootageServer({ kind: "moving", size, fps });
  let viewerPid = 0;
  let sharing: Promise<number[] | null> = Promise.resolve(null);
  const { report } = await runProbe({
    port: server.port,
    seconds,
    slowMs,
    warmUpSeconds: WARM_UP_SECONDS,
    ...(display === null ? {} : { window: true, env: { DISPLAY: display } }),
    onStarted: (pid) => {
      viewerPid = pid;
    },
    onWarm: () => {
      sharing = processorShares([server.pid, viewerPid], seconds);
    },
  });
  const shares = await sharing;
  await server.stop();
  if (report.frames < 2) throw new Error("no frame arrived");
  const rate = (report.frames - 1) / report.seconds;
  return {
    frames: report.frames,
    unreadable: report.unreadable,
    outOfOrder: report.outOfOrder,
    fps: rate,
    latencyMs: report.pixelLatencyMs,
    lastSecondMs: report.lastSecondMs,
    bytesPerFrame: report.product.bytesPerFrame,
    cpuMsPerFrame: perFrame(shares, rate),
  };
}

/** Converts the processor shares of sender and receiver to milliseconds per frame at the given rate. */
export function perFrame(shares: readonly number[] | null, rate: number): Outcome["cpuMsPerFrame"] {
  const [sender, receiver] = shares ?? [];
  if (sender === undefined || receiver === undefined || rate === 0) return null;
  return { sender: (sender * 1000) / rate, receiver: (receiver * 1000) / rate };
}
