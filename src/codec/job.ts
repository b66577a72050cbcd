// What the pool and its worker threads say to each other.

import type { PixelFormat, Size } from "../core/pixel-format.ts";
import type { CodecName } from "./codec.ts";

/** Given to a thread when it starts. */
export interface WorkerSetup {
  codec: CodecName;
}

export interface EncodeJob extends Size {
  kind: "encode";
  format: PixelFormat;
  /** In shared memory: posted as a reference, not copied. */
  pixels: Uint8Array;
  quality: number;
}

export interface DecodeJob {
  kind: "decode";
  /** Its memory moves to the thread and comes back with the result. */
  jpeg: Uint8Array<ArrayBuffer>;
  /** Exactly the picture's RGBA bytes, in shared memory. */
  target: Uint8Array;
}

export type Job = EncodeJob | DecodeJob;

export interface JobSuccess {
  ok: true;
  jpeg: Uint8Array<ArrayBuffer>;
  /** Time in the codec, waiting left out. */
  busyMicros: number;
}

export interface JobFailure {
  ok: false;
  message: string;
}

export type JobResult = JobSuccess | JobFailure;

/** What a thread says: once that it is ready, then one result a job. */
export type WorkerMessage = { kind: "ready" } | { kind: "result"; result: JobResult };
