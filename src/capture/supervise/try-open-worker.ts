// The thread that tries to open a source. try-open.ts starts it.

import { parentPort, workerData } from "node:worker_threads";
import { isExpected, type Retry, SourceError, UsageError } from "../../core/errors.ts";
import { openSource } from "../open.ts";
import type { OpenFailure } from "./try-open.ts";

if (parentPort === null) throw new Error("try-open-worker.ts must run as a worker thread");

function tryOpenHere(): OpenFailure {
  try {
    openSource(workerData);
    return null;
  } catch (error) {
    if (!isExpected(error)) throw error;
    return { message: error.message, retry: retryOf(error) };
  }
}

function retryOf(error: Error): false | Retry {
  if (error instanceof UsageError && error.retry) return "soon";
  return error instanceof SourceError && error.retry;
}

parentPort.postMessage(tryOpenHere());
