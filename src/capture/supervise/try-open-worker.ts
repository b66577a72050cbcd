// The thread that tries whether a source can be opened. Started by rehearsal.ts.

import { parentPort, workerData } from "node:worker_threads";
import { isExpected, SourceError, UsageError } from "../../core/errors.ts";
import { openSource } from "../open.ts";
import type { Refusal } from "./try-open.ts";

if (parentPort === null) throw new Error("rehearsal-worker.ts runs as a worker thread only");

function tryToOpen(): Refusal {
  try {
    openSource(workerData, () => undefined);
    return null;
  } catch (error) {
    if (!isExpected(error)) throw error;
    const mayPass = (error instanceof SourceError || error instanceof UsageError) && error.retry;
    return { message: error.message, mayPass };
  }
}

parentPort.postMessage(tryToOpen());
