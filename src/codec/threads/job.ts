// The messages between the pool and its threads: the kinds of jobs and their results.

import type { PixelFrame, PixelTarget } from "../codec.ts";
import type { CodecName } from "../codecs.ts";
import type { GreyJob } from "../grey.ts";
import type { Presentation } from "../jpeg/presentation.ts";
import type { PreparedPicture, BandOutput, EncodeTilesJob, PrepareTilesJob, TileJob } from "../tile-jobs.ts";

/** A kind of work for which a codec is warmed up. */
export type Work = "encode" | "decode";

/** The data that a thread gets when it starts. */
export interface WorkerSetup {
  codec: CodecName;
  /** The work for which the thread warms up the codec before it is ready. */
  warmUpFor: readonly Work[];
  /** The shared memory of the arena. */
  memory: WebAssembly.Memory;
}

export interface EncodeJob extends PixelFrame {
  kind: "encode";
  quality: number;
}

export interface DecodeJob {
  kind: "decode";
  /** The JPEG. Its memory is transferred to the thread, and back with the result. */
  jpeg: Uint8Array<ArrayBuffer>;
  target: PixelTarget;
  /**
   * The way in which the picture must be shown (turned, stretched). The target then has the size of the shown picture. Without
   * this field, the picture is decoded as it is stored.
   */
  presentation?: Presentation;
}

/** The result value of each kind of job. */
export interface JobValues {
  encode: { jpeg: Uint8Array<ArrayBuffer> };
  /** `jpeg` is the returned memory of the job. `isDamaged` is true if part of the picture is missing or wrong. */
  decode: { jpeg: Uint8Array<ArrayBuffer>; isDamaged: boolean };
  "prepare-tiles": { picture: PreparedPicture };
  /** The bands that were not already posted in `part` messages. */
  "encode-tiles": { bands: BandOutput[] };
  /** The pixels are in the arena, so the result has no value. */
  tiles: { isDamaged: boolean };
  grey: { pixels: number };
}

export type Job = EncodeJob | DecodeJob | PrepareTilesJob | EncodeTilesJob | TileJob | GreyJob;
export type JobKind = keyof JobValues;

export interface JobSuccess<Value> {
  ok: true;
  value: Value;
  /** The time in the codec, without waiting for a thread. */
  busyMicros: number;
}

export interface JobFailure {
  ok: false;
  message: string;
}

export type JobResult<Kind extends JobKind = JobKind> = JobSuccess<JobValues[Kind]> | JobFailure;

/**
 * The messages of a thread. `ready` comes once. After that, each job has one `result`, and `part` messages before it if the job
 * wants them. If a job has hit a defect in our code, `defect` comes instead of `result`. In that case the thread has already
 * loaded its codec again.
 */
export type WorkerMessage =
  | { kind: "ready" }
  | { kind: "part"; band: BandOutput }
  | { kind: "result"; result: JobResult }
  | { kind: "defect"; reason: string };
