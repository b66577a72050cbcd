// The messages between the pool and its threads: the kinds of jobs, and the result of each.

import type { PixelFrame, PixelTarget } from "../codec.ts";
import type { CodecName } from "../codecs.ts";
import type { GreyJob } from "../grey.ts";
import type { Presentation } from "../jpeg/presentation.ts";
import type { PreparedPicture, BandOutput, EncodeTilesJob, PrepareTilesJob, TileJob } from "../tile-jobs.ts";

/** Given to a thread when it starts. */
export interface WorkerSetup {
  codec: CodecName;
  /** The memory of the arena. */
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
  /** How the picture is shown; the target then has its shown size. Without it, the picture is decoded as it is stored. */
  presentation?: Presentation;
}

/** The value that each kind of job results in. */
export interface JobValues {
  encode: { jpeg: Uint8Array<ArrayBuffer> };
  /** `jpeg` is the memory of the job, given back. `isDamaged`: part of the picture is missing or wrong. */
  decode: { jpeg: Uint8Array<ArrayBuffer>; isDamaged: boolean };
  "prepare-tiles": { picture: PreparedPicture };
  /** The bands that were not posted as parts before. */
  "encode-tiles": { bands: BandOutput[] };
  /** The pixels are in the arena. */
  tiles: { isDamaged: boolean };
  grey: { pixels: number };
}

export type Job = EncodeJob | DecodeJob | PrepareTilesJob | EncodeTilesJob | TileJob | GreyJob;
export type JobKind = keyof JobValues;

export interface JobSuccess<Value> {
  ok: true;
  value: Value;
  /** Time in the codec, without waiting for a thread. */
  busyMicros: number;
}

export interface JobFailure {
  ok: false;
  message: string;
}

export type JobResult<Kind extends JobKind = JobKind> = JobSuccess<JobValues[Kind]> | JobFailure;

/**
 * What a thread posts: `ready` once, then one `result` a job, with `part`s before it if the job asks for them. A job that meets a
 * defect of ours gets `defect` instead of a result; the thread has loaded its codec again by then.
 */
export type WorkerMessage =
  | { kind: "ready" }
  | { kind: "part"; band: BandOutput }
  | { kind: "result"; result: JobResult }
  | { kind: "defect"; reason: string };
