// The runtime of the codecs on Bun: WebAssembly from files, and threads from `node:worker_threads`.

import { Worker } from "node:worker_threads";
import { messageOf } from "../../core/errors.ts";
import { PROGRAM_FILES } from "../../program-files.ts";
import type { CodecRuntime, CodecThread, ThreadListener } from "../threads/codec-thread.ts";
import type { WorkerMessage, WorkerSetup } from "../threads/job.ts";
import { WASM } from "./wasm.ts";

/** The runtime for `new CodecPool` in programs on Bun. */
export const BUN_RUNTIME: CodecRuntime = { wasm: WASM, startThread, nextTurn: (act) => void setImmediate(act) };

function startThread(setup: WorkerSetup, listener: ThreadListener): CodecThread {
  const worker = new Worker(PROGRAM_FILES.threads.codec, { workerData: setup });
  // The thread loads its code meanwhile. If a file cannot be compiled, the thread tries it again and reports the reason.
  void WASM.compileFor(setup.codec)
    .catch(() => ({}))
    .then((compiled) => worker.postMessage(compiled));
  let reason = "the thread ended unexpectedly";
  worker.on("message", (message: WorkerMessage) => listener.hear(message));
  worker.on("error", (error) => {
    reason = messageOf(error);
  });
  worker.on("exit", () => listener.ended(reason));
  return {
    post: (job, moved) => worker.postMessage(job, moved),
    end: async () => void (await worker.terminate()),
    keepProcessAlive(keeps) {
      if (keeps) worker.ref();
      else worker.unref();
    },
  };
}
