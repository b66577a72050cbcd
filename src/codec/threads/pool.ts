// The codec threads of a process: gives each job to an idle thread, and replaces threads that fail.

import type { CodecName } from "../codecs.ts";
import type { Arena } from "../memory/arena.ts";
import type { BandOutput } from "../tile-jobs.ts";
import type { WasmModules } from "../wasm/modules.ts";
import type { CodecRuntime, CodecThread } from "./codec-thread.ts";
import type { Job, JobFailure, JobResult, WorkerMessage } from "./job.ts";

/** After so many defects without a finished job between them, the pool gives up: threads cannot work here at all. */
const MAX_DEFECTS_IN_A_ROW = 5;

interface PooledThread {
  thread: CodecThread;
  /** Takes the result of the job at hand; `null` while idle. */
  done: ((result: JobResult) => void) | null;
  onPart: ((band: BandOutput) => void) | null;
  ready: boolean;
}

/** The owner of a pool: it gives jobs to idle threads and hears of failing ones. */
export interface PoolOwner {
  /** A thread has become idle: the moment to give it the newest frame. */
  onIdle(): void;
  /** Threads keep failing, and the pool takes no jobs any more. Called once. */
  onBroken(reason: Error): void;
  /** A thread met a defect and has loaded its codec again, or was replaced. */
  onRestarted(reason: string): void;
}

export interface PoolOptions extends PoolOwner {
  codec: CodecName;
  /** Where the pixels of all jobs lie. */
  arena: Arena;
  /** How many threads to start. */
  threads: number;
  /** Starts the threads: BUN_RUNTIME (bun/runtime.ts) on Bun. */
  runtime: CodecRuntime;
}

/** Has no queue: without an idle thread a job is refused, so that the caller can offer a newer frame later. */
export class CodecPool {
  readonly #options: PoolOptions;
  #threads: PooledThread[] = [];
  #keepsProcessAlive = true;
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

  /** The WebAssembly that the threads load, for callers that need a kernel of their own. */
  get wasm(): WasmModules {
    return this.#options.runtime.wasm;
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
    idle.thread.post(job, "jpeg" in job ? [job.jpeg.buffer] : []);
    return true;
  }

  /** Ends all threads at once; jobs at hand are lost. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#refuses = true;
    const resumeGrowth = this.#options.arena.holdGrowth();
    await Promise.all(this.#threads.map(({ thread }) => thread.end()));
    resumeGrowth();
  }

  /** Whether the process stays alive for the threads, as it does at first. */
  keepProcessAlive(keeps: boolean): void {
    this.#keepsProcessAlive = keeps;
    for (const { thread } of this.#threads) thread.keepProcessAlive(keeps);
  }

  #start(): PooledThread {
    const { codec, arena, runtime } = this.#options;
    const thread = runtime.startThread(
      { codec, memory: arena.memory },
      { hear: (message) => this.#hear(pooled, message), ended: (reason) => this.#replace(pooled, reason) },
    );
    if (!this.#keepsProcessAlive) thread.keepProcessAlive(false);
    const pooled: PooledThread = { thread, done: null, onPart: null, ready: false };
    return pooled;
  }

  #hear(thread: PooledThread, message: WorkerMessage): void {
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

  #replace(thread: PooledThread, reason: string): void {
    if (this.#closed) return;
    this.#threads = this.#threads.filter((each) => each !== thread);
    this.#fail(thread, reason, () => this.#threads.push(this.#start()));
  }

  /** The job at hand is lost. `replace` starts another thread where this one has ended. */
  #fail(thread: PooledThread, reason: string, replace: () => void): void {
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
