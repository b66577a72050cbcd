// The interface of a codec thread for the pool. Each runtime starts threads differently: bun/ uses Bun's worker threads, and a
// web page uses web workers.

import type { WasmModules } from "../wasm/modules.ts";
import type { Job, WorkerMessage, WorkerSetup } from "./job.ts";

/** A running codec thread. In it, `serveJobs` (serve-jobs.ts) does the jobs. */
export interface CodecThread {
  /** Posts a job. The buffers in `moved` are transferred instead of copied. */
  post(job: Job, moved: ArrayBuffer[]): void;
  /** Ends the thread immediately. Its current job is lost. */
  end(): Promise<void>;
  /** Sets whether the process stays alive for this thread, which is the default. It has no effect in a web page. */
  keepProcessAlive(keeps: boolean): void;
}

/** The events of a thread. */
export interface ThreadListener {
  hear(message: WorkerMessage): void;
  /** Called once when the thread has ended, with the reason. This also happens after `end`. */
  ended(reason: string): void;
}

/** The functions that a runtime provides. `BUN_RUNTIME` in bun/runtime.ts has them for Bun. */
export interface CodecRuntime {
  readonly wasm: WasmModules;
  /**
   * Starts a thread that serves jobs on the arena of `setup`. All threads get the same compiled modules, because then the engine
   * optimises their machine code once for all of them.
   */
  startThread(setup: WorkerSetup, listener: ThreadListener): CodecThread;
  /**
   * Calls `act` when the event loop has handled what is due, for work of the calling thread itself (own-kernel.ts). Null if the
   * codec threads are that thread, because then no thread is woken.
   */
  readonly nextTurn: ((act: () => void) => void) | null;
}
