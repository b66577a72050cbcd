// Whether a source can be opened now, tried in a thread: a device that takes its time to answer must not keep the other cameras
// waiting, as it would if the main thread asked it.

import { Worker } from "node:worker_threads";
import { SourceError, UsageError } from "../../core/errors.ts";
import type { SourceOptions } from "../open.ts";

/** What the thread says: null where it can be opened. */
export type Refusal = { message: string; mayPass: boolean } | null;

/**
 * Resolves when the source can be opened, or `signal` aborts. Rejects with SourceError where that may pass, with UsageError where
 * it will not.
 */
export async function rehearse(options: SourceOptions, signal: AbortSignal): Promise<void> {
  const worker = new Worker(new URL("./try-open-worker.ts", import.meta.url), { workerData: options });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  // It ends by itself; a device that never answers keeps the thread, and nobody waits for that when all is to end.
  const stop = () => {
    worker.unref();
    resolve();
  };
  signal.addEventListener("abort", stop);
  worker.on("message", (refusal: Refusal) => {
    if (refusal === null) resolve();
    else if (refusal.mayPass) reject(new SourceError(refusal.message, { retry: true }));
    else reject(new UsageError(refusal.message));
  });
  worker.on("error", reject);
  try {
    await promise;
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
