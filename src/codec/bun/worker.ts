// A codec thread on Bun. Started by runtime.ts.

import { parentPort, workerData } from "node:worker_threads";
import type { WorkerSetup } from "../threads/job.ts";
import { serveJobs } from "../threads/serve-jobs.ts";
import { WASM } from "./wasm.ts";

if (parentPort === null) throw new Error("codec/bun/worker.ts runs as a worker thread only");
const port = parentPort;
const serve = await serveJobs(workerData as WorkerSetup, WASM, (message, moved) => port.postMessage(message, moved));
port.on("message", serve);
port.postMessage({ kind: "ready" });
