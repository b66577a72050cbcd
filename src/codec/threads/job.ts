// What the pool and its worker threads say to each other: kinds of jobs, and what comes of each.

import type { PixelFrame, PixelTarget } from "../codec.ts";
import type { CodecName } from "../codecs.ts";
import type { GreyJob } from "../grey.ts";
import type { PreparedPicture, BandOutput, EncodeTilesJob, PrepareTilesJob, TileJob } from "../tile-jobs.ts";

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

/** What each kind of job yields. */
export interface JobValues {
  encode: { jpeg: Uint8Array<ArrayBuffer> };
  /** The same JPEG; `isDamaged`: a decoded picture that is not whole. */
  decode: { jpeg: Uint8Array<ArrayBuffer>; isDamaged: boolean };
  "prepare-tiles": { picture: PreparedPicture };
  /** The bands that were not said as parts already. */
  "encode-tiles": { bands: BandOutput[] };
  /** Pixels, in the arena. */
  tiles: { isDamaged: boolean };
  grey: { pixels: number };
}

export type Job = EncodeJob | DecodeJob | PrepareTilesJob | EncodeTilesJob | TileJob | GreyJob;
export type JobKind = keyof JobValues;

export interface JobSuccess<Value> {
  ok: true;
  value: Value;
  /** Time in the codec, waiting left out. */
  busyMicros: number;
}

export interface JobFailure {
  ok: false;
  message: string;
}

export type JobResult<Kind extends JobKind = JobKind> = JobSuccess<JobValues[Kind]> | JobFailure;

/**
 * What a thread says: once that it is ready, then one result a job, and before it parts, where the job asks for them. Instead
 * of a result that the job met a defect of ours, after which the thread has loaded its codec anew.
 */
export type WorkerMessage =
  | { kind: "ready" }
  | { kind: "part"; band: BandOutput }
  | { kind: "result"; result: JobResult }
  | { kind: "defect"; reason: string };
