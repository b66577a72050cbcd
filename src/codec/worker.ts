// A codec thread: loads one codec, then does one job at a time. Started by pool.ts.

import { parentPort, workerData } from "node:worker_threads";
import { nowMicros } from "../core/clock.ts";
import { CodecError, messageOf } from "../core/errors.ts";
import { Arena } from "./arena.ts";
import { createCodec } from "./codec.ts";
import type { Job, JobResult, WorkerMessage, WorkerSetup } from "./job.ts";
import { createTileDecoder, type TileDecoder } from "./tile-decoder.ts";
import { warmUp } from "./warm-up.ts";

if (parentPort === null) throw new Error("codec/worker.ts runs as a worker thread only");
const port = parentPort;
const setup = workerData as WorkerSetup;
const arena = Arena.attach(setup.memory);
const codec = await createCodec(setup.codec, arena);
let tileDecoder: Promise<TileDecoder> | null = null; // viewers of tiles need it, and nobody else
await warmUp(codec, arena);

async function perform(job: Job): Promise<JobResult> {
  const startedAt = nowMicros();
  try {
    if (job.kind === "encode") {
      const jpeg = await codec.encode(job, job.quality);
      return { ok: true, jpeg, busyMicros: nowMicros() - startedAt, isDamaged: false };
    }
    if (job.kind === "tiles") {
      tileDecoder ??= createTileDecoder(arena);
      const { damagedTiles } = (await tileDecoder).run(job);
      return { ok: true, jpeg: new Uint8Array(), busyMicros: nowMicros() - startedAt, isDamaged: damagedTiles > 0 };
    }
    const { isDamaged } = await codec.decode(job.jpeg, job.target);
    return { ok: true, jpeg: job.jpeg, busyMicros: nowMicros() - startedAt, isDamaged };
  } catch (error) {
    if (!(error instanceof CodecError)) throw error; // a defect: the thread dies of it and the pool replaces it
    return { ok: false, message: messageOf(error) };
  }
}

function say(message: WorkerMessage): void {
  const moved = message.kind === "result" && message.result.ok ? [message.result.jpeg.buffer] : [];
  port.postMessage(message, moved);
}

port.on("message", (job: Job) => {
  perform(job).then(
    (result) => say({ kind: "result", result }),
    // Out of the promise, so that it ends the thread as an uncaught error does.
    (error: unknown) =>
      setImmediate(() => {
        throw error;
      }),
  );
});
say({ kind: "ready" });
