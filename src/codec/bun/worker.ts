// A codec thread on Bun. runtime.ts starts it.

import { parentPort, workerData } from "node:worker_threads";
import type { WorkerSetup } from "../threads/job.ts";
import { serveJobs } from "../threads/serve-jobs.ts";
import type { RareDecoder } from "../rare-kinds.ts";
import { type CompiledFiles, WasmModules } from "../wasm/modules.ts";
import { readWasm } from "./wasm.ts";

if (parentPort === null) throw new Error("codec/bun/worker.ts must run as a worker thread");
const port = parentPort;
/** The decoder for rare kinds of JPEG. Its code is loaded when the first such picture comes. */
const rare: RareDecoder = async (jpeg, kind) => (await import("./rare-jpegs.ts")).decodeRareJpeg(jpeg, kind);
const post: Parameters<typeof serveJobs>[2] = (message, moved) => port.postMessage(message, moved);
const compiled = await new Promise<CompiledFiles>((resolve) => port.once("message", resolve));
const serve = await serveJobs(workerData as WorkerSetup, new WasmModules(readWasm, compiled), post, rare);
port.on("message", serve);
port.postMessage({ kind: "ready" });
