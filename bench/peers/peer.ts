// What takes part in `bench peers`, and what a round of it is.

import type { LatencyMs } from "../../src/core/statistics.ts";
import type { Size } from "../../src/core/pixel-format.ts";

/** One short run of sender and receiver. */
export interface Round {
  size: Size;
  /** 0: the sender as fast as it goes. */
  fps: number;
  /** Measured so long, after some seconds of warming up. */
  seconds: number;
  /** How long the receiver takes over each picture, beside decoding it. */
  slowMs: number;
  /** A display (`:101`) on which the receiver shows each picture; the time is then taken after showing. */
  display: string | null;
}

/** Before anything is measured: connections have settled, compilers have compiled. */
export const WARM_UP_SECONDS = 4;

/** What a round found. */
export interface Outcome {
  frames: number;
  unreadable: number;
  outOfOrder: number;
  fps: number;
  /** From the frame's completion in the sender to its decoded pixels (or its showing) in the receiver. */
  latencyMs: LatencyMs;
  /** The median of that in the last second. */
  lastSecondMs: number;
  /** Null where only the program itself knows. */
  bytesPerFrame: number | null;
  /** Processor time of either side with all its processes, per frame received; start-up left out. Null where unknown. */
  cpuMsPerFrame: { sender: number; receiver: number } | null;
}

export interface Peer {
  name: string;
  isInstalled: boolean;
  /** Makes JPEGs of the frames; what does not is listed, but is no measure for what does. */
  compresses: boolean;
  /**
   * Is fed and read by pipes, which cost it two copies of each frame that its users, whose cameras and windows are inside
   * of it, do not have.
   */
  hasPipes: boolean;
  /** Can show the pictures in a window. */
  hasWindow: boolean;
  /** Runs a round. Throws where a process fails or no frame arrives. */
  run(round: Round): Promise<Outcome>;
}
