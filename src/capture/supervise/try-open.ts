// Checks in a thread whether a source can be opened, because a device that answers slowly must not block the main thread and the
// other cameras.

import { Worker } from "node:worker_threads";
import { type Retry, SourceError, UsageError } from "../../core/errors.ts";
import { onAbort } from "../../core/on-abort.ts";
import { PROGRAM_FILES } from "../../program-files.ts";
import type { SourceOptions } from "../open.ts";

/**
 * The thread's answer: the reason why the source cannot be opened, and how soon it is tried again, or null when it can be opened.
 */
export type OpenFailure = { message: string; retry: false | Retry } | null;

/**
 * Resolves when the source can be opened, or when `signal` aborts. Rejects with SourceError (`retry`) when opening may succeed
 * later, and with UsageError when it never can.
 */
export async function tryOpen(options: SourceOptions, signal: AbortSignal): Promise<void> {
  const worker = new Worker(PROGRAM_FILES.threads.tryOpen, { workerData: options });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  worker.on("message", (failure: OpenFailure) => {
    if (failure === null) resolve();
    else if (failure.retry !== false) reject(new SourceError(failure.message, { retry: failure.retry }));
    else reject(new UsageError(failure.message));
  });
  worker.on("error", reject);
  using _ = onAbort(signal, () => {
    worker.unref(); // A device that never answers blocks its thread, which must not keep the process alive.
    resolve();
  });
  await promise;
}
