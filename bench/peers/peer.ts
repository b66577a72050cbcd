// The interface of a peer in `bench peers`, and of one round.

import type { LatencyMs } from "../../src/core/statistics.ts";
import type { Size } from "../../src/core/pixel-format.ts";

/** One short run of sender and receiver. */
export interface Round {
  size: Size;
  /** 0: as fast as the sender can. */
  fps: number;
  /** The measured time, after the warm-up. */
  seconds: number;
  /** Time that the receiver spends on each picture after decoding it. */
  slowMs: number;
  /** A display (`:101`) on which the receiver shows each picture; then the latency ends after showing. Null: no window. */
  display: string | null;
}

/** Time before the measurement, in which connections settle and JIT compilers work. */
export const WARM_UP_SECONDS = 4;

/** The result of a round. */
export interface Outcome {
  frames: number;
  unreadable: number;
  outOfOrder: number;
  fps: number;
  /** Time from the complete frame in the sender to its decoded pixels (or its display) in the receiver. */
  latencyMs: LatencyMs;
  /** Median latency in the last second. */
  lastSecondMs: number;
  /** Null if only the program itself knows. */
  bytesPerFrame: number | null;
  /** Processor time per received frame of each side with all its processes, without the start. Null if unknown. */
  cpuMsPerFrame: { sender: number; receiver: number } | null;
}

export interface Peer {
  name: string;
  isInstalled: boolean;
  /** Whether it compresses frames to JPEG. Bounds compare only with peers that do. */
  compresses: boolean;
  /** Whether frames enter and leave it by pipes. That costs two copies of each frame, which its users do not have. */
  hasPipes: boolean;
  /** Whether it can show pictures in a window. */
  hasWindow: boolean;
  /** Runs a round. Throws if a process fails or no frame arrives. */
  run(round: Round): Promise<Outcome>;
}
