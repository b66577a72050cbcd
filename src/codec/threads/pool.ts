// The codec threads of a process: hands each job to an idle one, and sets up anew what fails.

import { Worker } from "node:worker_threads";
import { messageOf } from "../../core/errors.ts";
import type { Arena } from "../memory/arena.ts";
import type { CodecName } from "../codecs.ts";
import type { Job, JobFailure, JobResult, WorkerMessage, WorkerSetup } from "./job.ts";
import type { BandOutput } from "../tile-jobs.ts";

/** How many defects without a finished job between them mean that threads cannot work here at all. */
const MAX_DEFECTS_IN_A_ROW = 5;

interface Thread {
  worker: Worker;
  /** Takes the result of the job at hand; `null` while idle. */
  done: ((result: JobResult) => void) | null;
  onPart: ((band: BandOutput) => void) | null;
  ready: boolean;
}

export interface PoolOptions {
  codec: CodecName;
  /** Where the pixels of all jobs lie. */
  arena: Arena;
  threads: number;
  /** Called when a thread became idle: the moment to give it the newest frame. */
  onIdle: () => void;
  /** Called when threads keep failing; nothing will be done any more. */
  onBroken: (reason: Error) => void;
  /** Said aloud when a thread met a defect and was set up anew. */
  onRestarted: (reason: string) => void;
}

/** Has no queue: a job that finds no idle thread is refused, so that the caller can offer a newer frame later. */
export class CodecPool {
  readonly #options: PoolOptions;
  #threads: Thread[] = [];
  #defectsInARow = 0;
  #closed = false;
  /** Closed, or broken. */
  #refuses = false;
  readonly #started = Promise.withResolvers<void>();

  constructor(options: PoolOptions) {
    this.#options = options;
    for (let i = 0; i < options.threads; i++) this.#threads.push(this.#start());
  }

  /** Settles when every thread has loaded its codec; rejects where they cannot. */
  get started(): Promise<void> {
    return this.#started.promise;
  }

  get threads(): number {
    return this.#options.threads;
  }

  /** How many jobs would be taken now. */
  get idleThreads(): number {
    return this.#refuses ? 0 : this.#threads.filter((thread) => thread.ready && thread.done === null).length;
  }

  /**
   * Gives the job to an idle thread and returns true, or returns false at once. `done` is called exactly once, also when
   * the job meets a defect; then the result is a failure. After `close` it is not called.
   */
  tryRun<Kind extends Job["kind"]>(
    job: Extract<Job, { kind: Kind }>,
    done: (result: JobResult<Kind>) => void,
    onPart: ((band: BandOutput) => void) | null = null,
  ): boolean {
    const idle = this.#refuses ? undefined : this.#threads.find((thread) => thread.ready && thread.done === null);
    if (idle === undefined) return false;
    idle.done = done as (result: JobResult) => void; // a thread answers a job with that job's kind of value
    idle.onPart = onPart;
    idle.worker.postMessage(job, "jpeg" in job ? [job.jpeg.buffer] : []);
    return true;
  }

  /** Ends all threads at once; jobs at hand are lost. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#refuses = true;
    const resumeGrowth = this.#options.arena.holdGrowth();
    await Promise.all(this.#threads.map((thread) => thread.worker.terminate()));
    resumeGrowth();
  }

  #start(): Thread {
    const setup: WorkerSetup = { codec: this.#options.codec, memory: this.#options.arena.memory };
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { workerData: setup });
    const thread: Thread = { worker, done: null, onPart: null, ready: false };
    let reason = "it ended by itself";
    worker.on("message", (message: WorkerMessage) => this.#hear(thread, message));
    worker.on("error", (error) => {
      reason = messageOf(error);
    });
    worker.on("exit", () => this.#replace(thread, reason));
    return thread;
  }

  #hear(thread: Thread, message: WorkerMessage): void {
    if (this.#closed) return;
    if (message.kind === "part") {
      thread.onPart?.(message.band);
      return;
    }
    if (message.kind === "ready") {
      thread.ready = true;
      if (this.#threads.every((each) => each.ready)) this.#started.resolve();
    } else if (message.kind === "defect") {
      this.#fail(thread, message.reason, () => undefined);
    } else {
      const done = thread.done;
      thread.done = null;
      this.#defectsInARow = 0;
      done?.(message.result);
    }
    this.#options.onIdle();
  }

  #replace(thread: Thread, reason: string): void {
    if (this.#closed) return;
    this.#threads = this.#threads.filter((each) => each !== thread);
    this.#fail(thread, reason, () => this.#threads.push(this.#start()));
  }

  /** The thread, or what it had loaded, is gone, and so is its job. */
  #fail(thread: Thread, reason: string, replace: () => void): void {
    const done = thread.done;
    thread.done = null;
    if (++this.#defectsInARow > MAX_DEFECTS_IN_A_ROW) {
      this.#refuses = true;
      const broken = new Error(`codec threads keep failing: ${reason}`);
      this.#started.reject(broken);
      this.#options.onBroken(broken);
    } else {
      replace();
      this.#options.onRestarted(reason);
    }
    done?.({ ok: false, message: `the codec thread failed: ${reason}` } satisfies JobFailure);
  }
}
