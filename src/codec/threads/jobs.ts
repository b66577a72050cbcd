// Does jobs one at a time on one codec. It is the same in every runtime, whether a codec thread uses it or a page's only worker.

import { nowMicros } from "../../core/clock.ts";
import { CodecError, messageOf } from "../../core/errors.ts";
import type { Codec, Decoded } from "../codec.ts";
import { greyOut } from "../grey.ts";
import type { Arena } from "../memory/arena.ts";
import { createTileDecoder, type TileDecoder } from "../simd/tile-decoder.ts";
import type { BandOutput, TileEncoder } from "../tile-jobs.ts";
import type { WasmModules } from "../wasm/modules.ts";
import type { DecodeJob, Job, JobKind, JobResult, JobValues, WorkerMessage } from "./job.ts";
import { ShownDecoder } from "./shown-decoder.ts";

export interface JobsOptions {
  arena: Arena;
  wasm: WasmModules;
  /** The codec for the first jobs. */
  codec: Codec;
  /** Loads the codec again after a defect. */
  load: () => Promise<Codec>;
  /** Takes each answer. The buffers in `moved` are transferred if another thread gets the answer. */
  post: (message: WorkerMessage, moved: ArrayBuffer[]) => void;
}

/** Returns the function that does jobs. */
export function createJobs({ arena, wasm, codec: first, load, post }: JobsOptions): (job: Job) => void {
  let codec = first;
  // The first job of this kind loads the decoder, because only viewers of tiles need it.
  let tileDecoder: Promise<TileDecoder> | null = null;
  const shown = new ShownDecoder(arena);

  async function perform(job: Job): Promise<JobResult> {
    const startedAt = nowMicros();
    try {
      const value = await outcomeOf(job);
      return { ok: true, value, busyMicros: nowMicros() - startedAt };
    } catch (error) {
      if (!(error instanceof CodecError)) throw error; // a defect
      return { ok: false, message: messageOf(error) };
    }
  }

  /** Does a job. It returns a value instead of a promise if possible, so that encoding tiles does not wait for the event loop. */
  function outcomeOf(job: Job): JobValues[JobKind] | Promise<JobValues[JobKind]> {
    switch (job.kind) {
      case "encode":
        return codec.encode(job, job.quality).then((jpeg) => ({ jpeg }));
      case "decode":
        return decode(job).then(({ isDamaged }) => ({ jpeg: job.jpeg, isDamaged }));
      case "prepare-tiles":
        return { picture: tileEncoder().prepare(job) };
      case "encode-tiles": {
        const bands: BandOutput[] = [];
        const keep = (band: BandOutput) => void bands.push(band);
        tileEncoder().encode(job, job.saysParts ? (band) => say({ kind: "part", band }) : keep);
        return { bands };
      }
      case "grey":
        greyOut(arena, job);
        return { pixels: job.pixels };
      case "tiles":
        tileDecoder ??= createTileDecoder(arena, wasm);
        return tileDecoder.then((decoder) => ({ isDamaged: decoder.run(job).damagedTiles > 0 }));
    }
  }

  function decode({ jpeg, target, presentation }: DecodeJob): Promise<Decoded> {
    return presentation === undefined ? codec.decode(jpeg, target) : shown.decode(codec, jpeg, presentation, target);
  }

  function tileEncoder(): TileEncoder {
    if (codec.tileEncoder === null) throw new Error("this codec cannot encode tiles");
    return codec.tileEncoder;
  }

  function say(message: WorkerMessage): void {
    const value = message.kind === "result" && message.result.ok ? message.result.value : null;
    post(message, value !== null && "jpeg" in value ? [value.jpeg.buffer] : []);
  }

  /**
   * Loads the codec again, because a defect may have left it in any state. The thread does not end, because ending it while other
   * threads grow the memory can crash (see Arena.holdGrowth).
   */
  async function recover(defect: unknown): Promise<void> {
    codec = await load();
    tileDecoder = null;
    say({ kind: "defect", reason: messageOf(defect) });
  }

  return (job) => {
    perform(job)
      .then((result) => say({ kind: "result", result }), recover)
      // An error in a timer is not caught by the promise, so it ends the thread.
      .catch((error: unknown) =>
        setTimeout(() => {
          throw error;
        }),
      );
  };
}
