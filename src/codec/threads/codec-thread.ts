// What the pool needs of a thread. Each runtime starts threads in its own way: Bun's worker threads (bun/), a page's web workers.

import type { WasmModules } from "../wasm/modules.ts";
import type { Job, WorkerMessage, WorkerSetup } from "./job.ts";

/** A running codec thread. In it, `serveJobs` (serve-jobs.ts) does the jobs. */
export interface CodecThread {
  /** Posts a job. The buffers in `moved` are transferred, not copied. */
  post(job: Job, moved: ArrayBuffer[]): void;
  /** Ends the thread at once; a job at hand is lost. */
  end(): Promise<void>;
  /** Whether the process stays alive for this thread, as it does at first. No effect in a page. */
  keepProcessAlive(keeps: boolean): void;
}

/** Hears what becomes of a thread. */
export interface ThreadListener {
  hear(message: WorkerMessage): void;
  /** The thread has ended, for this reason. Called once, also after `end`. */
  ended(reason: string): void;
}

/** What a runtime provides: `BUN_RUNTIME` in bun/runtime.ts is the one for Bun. */
export interface CodecRuntime {
  readonly wasm: WasmModules;
  /** Starts a thread that serves jobs on the arena of `setup`. */
  startThread(setup: WorkerSetup, listener: ThreadListener): CodecThread;
}
