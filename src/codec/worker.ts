// A codec thread: loads one codec, then does one job at a time. Started by pool.ts.

import { parentPort, workerData } from "node:worker_threads";
import { nowMicros } from "../core/clock.ts";
import { CodecError, messageOf } from "../core/errors.ts";
import { createCodec } from "./codec.ts";
import type { Job, JobResult, WorkerMessage, WorkerSetup } from "./job.ts";

if (parentPort === null) throw new Error("codec/worker.ts runs as a worker thread only");
const port = parentPort;
const codec = await createCodec((workerData as WorkerSetup).codec);

async function perform(job: Job): Promise<JobResult> {
  const startedAt = nowMicros();
  try {
    let jpeg: Uint8Array<ArrayBuffer>;
    if (job.kind === "encode") {
      jpeg = await codec.encode({ ...job, bytes: job.pixels }, job.quality);
    } else {
      jpeg = job.jpeg;
      await codec.decode(jpeg, job.target);
    }
    return { ok: true, jpeg, busyMicros: nowMicros() - startedAt };
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
