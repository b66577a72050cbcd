// The thread that tries to open a source. try-open.ts starts it.

import { parentPort, workerData } from "node:worker_threads";
import { isExpected, SourceError, UsageError } from "../../core/errors.ts";
import { openSource } from "../open.ts";
import type { OpenFailure } from "./try-open.ts";

if (parentPort === null) throw new Error("try-open-worker.ts must run as a worker thread");

function tryOpenHere(): OpenFailure {
  try {
    openSource(workerData);
    return null;
  } catch (error) {
    if (!isExpected(error)) throw error;
    const retry = (error instanceof SourceError || error instanceof UsageError) && error.retry;
    return { message: error.message, retry };
  }
}

parentPort.postMessage(tryOpenHere());
