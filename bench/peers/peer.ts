// The interface of a peer of `bench peers`, and of one round.

import type { LatencyMs } from "../../src/core/statistics.ts";
import type { Size } from "../../src/core/pixel-format.ts";

/** One short run of sender and receiver. */
export interface Round {
  size: Size;
  /** 0 means as fast as the sender can. */
  fps: number;
  /** The measured time, after the warm-up. */
  seconds: number;
  /** The time that the receiver spends on each picture after decoding it. */
  slowMs: number;
  /** A display (`:101`) on which the receiver shows each picture, so that the latency includes showing. Null means no window. */
  display: string | null;
}

/** The time before the measurement. Meanwhile connections settle and JIT compilers work. */
export const WARM_UP_SECONDS = 4;

/** The result of a round. */
export interface Outcome {
  frames: number;
  unreadable: number;
  outOfOrder: number;
  fps: number;
  /** The time from the complete frame in the sender to its decoded pixels in the receiver, or to its display. */
  latencyMs: LatencyMs;
  /** The median latency in the last second. */
  lastSecondMs: number;
  /** Null if only the program itself knows the number. */
  bytesPerFrame: number | null;
  /** The processor time of each side with all its processes, for each received frame, without the start. Null if unknown. */
  cpuMsPerFrame: { sender: number; receiver: number } | null;
}

export interface Peer {
  name: string;
  isInstalled: boolean;
  /** Whether it compresses frames to JPEG. Bounds compare only with such peers. */
  compresses: boolean;
  /** Whether frames enter and leave it by pipes. That costs two copies of each frame that its users do not have. */
  hasPipes: boolean;
  /** Whether it can show pictures in a window. */
  hasWindow: boolean;
  /** Runs a round. Throws if a process fails or no frame arrives. */
  run(round: Round): Promise<Outcome>;
}
