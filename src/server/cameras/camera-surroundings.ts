// The parts and options that a camera gets from its server, which all cameras of the server have in common.

import type { CodecName } from "../../codec/codecs.ts";
import type { LentMemory } from "../../codec/memory/lent-memory.ts";
import type { CodecPool } from "../../codec/threads/pool.ts";
import type { Log } from "../../core/log.ts";
import type { Trace } from "../../core/trace.ts";
import type { DoorName } from "../deliver/audience-member.ts";
import type { FrameFollower } from "../deliver/frame-follower.ts";
import type { EncodeFollower } from "../encode/figures.ts";
import type { TileSchedulerOptions } from "../encode/tile-scheduler.ts";
import type { MotionMessage } from "../motion/outputs/event-output.ts";
import type { Clips } from "../past/clips.ts";
import type { Recordings } from "../record/recordings.ts";
import type { TileSink } from "../renditions/sinks.ts";

/** Follows the frames of a camera from their capture to the screens of all viewers. */
export interface CameraFollower extends EncodeFollower {
  /** Returns the follower of the frames of all viewers of one door. */
  viewersOf(door: DoorName): FrameFollower;
}

/** The parts and options that a camera gets from its server. */
export interface CameraSurroundings {
  /** The memory of all cameras, from which each takes its own. */
  memory: LentMemory;
  /** The addresses of free memory for tables. All cameras share them. */
  freeStates: number[];
  /** The codec threads, which all cameras share. */
  pool: CodecPool;
  /** The main thread's own tile encoder (codec/threads/own-kernel.ts), or null. */
  own: TileSchedulerOptions["own"];
  codec: CodecName;
  /** The number of captured frames after which the camera ends. Null means no limit. */
  frames: number | null;
  /** Whether viewers may set the source's controls. */
  allowControls: boolean;
  /** Creates the recorders of cameras that are recorded. */
  recordings: Recordings;
  /** The clips of the past of all cameras. */
  clips: Clips;
  /** Receives the events of motion. */
  onEvent: (message: MotionMessage) => void;
  /** Receivers of each frame's tiles in addition to the viewers, for example a test. */
  sinks: readonly TileSink[];
  /** Returns the camera's log of a subject, for example `encode`. */
  logOf: (subject: "camera" | "encode" | "deliver" | "record" | "motion") => Log;
  /** The receiver of trace spans. Null when no trace is written. */
  trace: Trace | null;
  /** Null if no figures of the way of frames are needed. */
  follower: CameraFollower | null;
}
