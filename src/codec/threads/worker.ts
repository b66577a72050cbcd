// A codec thread: loads one codec, then does one job at a time. Started by pool.ts.

import { parentPort, workerData } from "node:worker_threads";
import { nowMicros } from "../../core/clock.ts";
import { CodecError, messageOf } from "../../core/errors.ts";
import { Arena } from "../memory/arena.ts";
import { createCodec } from "../load-codec.ts";
import { greyOut } from "../grey.ts";
import type { Job, JobKind, JobResult, JobValues, WorkerMessage, WorkerSetup } from "./job.ts";
import { createTileDecoder, type TileDecoder } from "../simd/tile-decoder.ts";
import type { BandOutput, TileEncoder } from "../tile-jobs.ts";
import { warmUp } from "./warm-up.ts";

if (parentPort === null) throw new Error("codec/worker.ts runs as a worker thread only");
const port = parentPort;
const setup = workerData as WorkerSetup;
const arena = Arena.attach(setup.memory);
let codec = await createCodec(setup.codec, arena);
let tileDecoder: Promise<TileDecoder> | null = null; // viewers of tiles need it, and nobody else
await warmUp(codec, arena);

async function perform(job: Job): Promise<JobResult> {
  const startedAt = nowMicros();
  try {
    const value = await yieldOf(job);
    return { ok: true, value, busyMicros: nowMicros() - startedAt };
  } catch (error) {
    if (!(error instanceof CodecError)) throw error; // a defect
    return { ok: false, message: messageOf(error) };
  }
}

/** Not awaited where it need not be: tiles are encoded without a turn of the event loop. */
function yieldOf(job: Job): JobValues[JobKind] | Promise<JobValues[JobKind]> {
  switch (job.kind) {
    case "encode":
      return codec.encode(job, job.quality).then((jpeg) => ({ jpeg }));
    case "decode":
      return codec.decode(job.jpeg, job.target).then(({ isDamaged }) => ({ jpeg: job.jpeg, isDamaged }));
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
      tileDecoder ??= createTileDecoder(arena);
      return tileDecoder.then((decoder) => ({ isDamaged: decoder.run(job).damagedTiles > 0 }));
  }
}

function tileEncoder(): TileEncoder {
  if (codec.tileEncoder === null) throw new Error(`the codec ${setup.codec} makes no tiles`);
  return codec.tileEncoder;
}

function say(message: WorkerMessage): void {
  const value = message.kind === "result" && message.result.ok ? message.result.value : null;
  port.postMessage(message, value !== null && "jpeg" in value ? [value.jpeg.buffer] : []);
}

/**
 * Whatever state a defect has left behind is thrown away. The thread goes on: one that ended would be torn down while others
 * grow the memory, see Arena.holdGrowth.
 */
async function recover(defect: unknown): Promise<void> {
  codec = await createCodec(setup.codec, arena);
  tileDecoder = null;
  say({ kind: "defect", reason: messageOf(defect) });
}

port.on("message", (job: Job) => {
  perform(job)
    .then((result) => say({ kind: "result", result }), recover)
    // Out of the promise, so that it ends the thread as an uncaught error does.
    .catch((error: unknown) =>
      setImmediate(() => {
        throw error;
      }),
    );
});
say({ kind: "ready" });
