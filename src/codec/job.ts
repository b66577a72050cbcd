// What the pool and its worker threads say to each other.

import type { CodecName, PixelFrame, PixelTarget } from "./codec.ts";
import type { TileJob } from "./tile-decoder.ts";

/** Given to a thread when it starts. */
export interface WorkerSetup {
  codec: CodecName;
  /** The arena's. */
  memory: WebAssembly.Memory;
}

export interface EncodeJob extends PixelFrame {
  kind: "encode";
  quality: number;
}

export interface DecodeJob {
  kind: "decode";
  /** Its memory moves to the thread and comes back with the result. */
  jpeg: Uint8Array<ArrayBuffer>;
  target: PixelTarget;
}

export type Job = EncodeJob | DecodeJob | TileJob;

export interface JobSuccess {
  ok: true;
  /** Of tiles, which stay in the arena: empty. */
  jpeg: Uint8Array<ArrayBuffer>;
  /** Time in the codec, waiting left out. */
  busyMicros: number;
  /** A decoded picture, or one of the tiles, is not whole. */
  isDamaged: boolean;
}

export interface JobFailure {
  ok: false;
  message: string;
}

export type JobResult = JobSuccess | JobFailure;

/** What a thread says: once that it is ready, then one result a job. */
export type WorkerMessage = { kind: "ready" } | { kind: "result"; result: JobResult };
