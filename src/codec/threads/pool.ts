// The pool of codec threads of a process. It gives each job to an idle thread, and replaces failed threads.

import type { CodecName } from "../codecs.ts";
import type { Arena } from "../memory/arena.ts";
import type { BandOutput } from "../tile-jobs.ts";
import { type Micros, nowMicros } from "../../core/clock.ts";
import type { WasmModules } from "../wasm/modules.ts";
import type { CodecRuntime, CodecThread } from "./codec-thread.ts";
import type { Job, JobFailure, JobResult, WorkerMessage, Work } from "./job.ts";
import { WakingTime } from "./waking-time.ts";

/**
 * After this many defects without a finished job between them, the pool stops, because codec threads probably cannot work on this
 * machine.
 */
const MAX_DEFECTS_IN_A_ROW = 5;

interface PooledThread {
  thread: CodecThread;
  /** Takes the result of the current job. It is null while the thread is idle. */
  done: ((result: JobResult) => void) | null;
  onPart: ((band: BandOutput) => void) | null;
  /** The time when the current job was posted. */
  postedAt: Micros;
  ready: boolean;
}

/** The events of a pool, which its owner implements. */
export interface PoolOwner {
  /** The pool calls this when a thread has become idle, so that the owner can give it the newest frame. */
  onIdle(): void;
  /** The pool calls this once, when threads fail repeatedly. After that it takes no more jobs. */
  onBroken(reason: Error): void;
  /** The pool calls this when a thread has hit a defect. The thread has loaded its codec again, or it was replaced. */
  onRestarted(reason: string): void;
}

export interface PoolOptions extends PoolOwner {
  codec: CodecName;
  /** The arena with the pixels of all jobs. */
  arena: Arena;
  /** The number of threads to start. */
  threads: number;
  /** The work that the threads will do, so that the codec is warmed up for it. Default: both. */
  work?: readonly Work[];
  /** The runtime that starts the threads. On Bun it is BUN_RUNTIME (bun/runtime.ts). */
  runtime: CodecRuntime;
}

/**
 * A pool of threads without a queue. While no thread is idle, it refuses jobs, so that the caller can offer a newer frame later.
 */
export class CodecPool {
  readonly #options: PoolOptions;
  #threads: PooledThread[] = [];
  #keepsProcessAlive = true;
  #defectsInARow = 0;
  /** The same for work outside the threads. Its success says nothing about threads, and theirs nothing about it. */
  #ownDefectsInARow = 0;
  #closed = false;
  /** True when the pool is closed or has failed. */
  #refuses = false;
  /** The time that waking a thread takes, as the jobs so far have shown. */
  readonly waking = new WakingTime();
  readonly #started = Promise.withResolvers<void>();

  constructor(options: PoolOptions) {
    this.#options = options;
    const { threads, work = ["encode", "decode"] } = options;
    // One thread warms up the codec for all, because they share its machine code (runtime.startThread).
    for (let i = 0; i < threads; i++) this.#threads.push(this.#start(i === 0 ? work : []));
  }

  /** Resolves when every thread has loaded its codec. Rejects if a thread cannot load it. */
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

  /** Calls a function in the next turn of the event loop, or is null if the threads are the caller's own (CodecRuntime). */
  get nextTurn(): CodecRuntime["nextTurn"] {
    return this.#options.runtime.nextTurn;
  }

  /** Whether `close` was called. */
  get isClosed(): boolean {
    return this.#closed;
  }

  /** The number of idle threads. */
  get idleThreads(): number {
    return this.#refuses ? 0 : this.#threads.filter((thread) => thread.ready && thread.done === null).length;
  }

  /**
   * Gives the job to an idle thread and returns true, or returns false if no thread is idle. The pool calls `done` exactly once,
   * except after `close`. If the job hits a defect, its result is a failure.
   */
  tryRun<Kind extends Job["kind"]>(
    job: Extract<Job, { kind: Kind }>,
    done: (result: JobResult<Kind>) => void,
    onPart: ((band: BandOutput) => void) | null = null,
  ): boolean {
    const idle = this.#refuses ? undefined : this.#threads.find((thread) => thread.ready && thread.done === null);
    if (idle === undefined) return false;
    idle.done = done as (result: JobResult) => void; // the thread's answer has the type that belongs to the kind of the job
    idle.onPart = onPart;
    idle.postedAt = nowMicros();
    idle.thread.post(job, "jpeg" in job ? [job.jpeg.buffer] : []);
    return true;
  }

  /** Lets the owner give the newest frame to threads, because its own thread has ended work (own-kernel.ts). */
  pumpOwner(): void {
    if (!this.#closed) this.#options.onIdle();
  }

  /** Ends a row of defects outside the threads, because work there has succeeded (own-kernel.ts). */
  countSuccess(): void {
    this.#ownDefectsInARow = 0;
  }

  /** Counts a defect in work that was done outside the threads (own-kernel.ts), whose kernel is replaced. */
  countDefect(reason: string): void {
    if (!this.#closed) this.#handleDefect(++this.#ownDefectsInARow, reason, () => undefined);
  }

  /** Ends all threads immediately. Their current jobs are lost. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#refuses = true;
    const resumeGrowth = this.#options.arena.holdGrowth();
    await Promise.all(this.#threads.map(({ thread }) => thread.end()));
    resumeGrowth();
  }

  /** Sets whether the process stays alive for the threads, which is the default. */
  keepProcessAlive(keeps: boolean): void {
    this.#keepsProcessAlive = keeps;
    for (const { thread } of this.#threads) thread.keepProcessAlive(keeps);
  }

  #start(warmUpFor: readonly Work[] = []): PooledThread {
    const { codec, arena, runtime } = this.#options;
    const thread = runtime.startThread(
      { codec, memory: arena.memory, warmUpFor },
      { hear: (message) => this.#hear(pooled, message), ended: (reason) => this.#replace(pooled, reason) },
    );
    if (!this.#keepsProcessAlive) thread.keepProcessAlive(false);
    const pooled: PooledThread = { thread, done: null, onPart: null, postedAt: 0, ready: false };
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
      if (message.result.ok) this.waking.record(nowMicros() - thread.postedAt - message.result.busyMicros);
      done?.(message.result);
    }
    this.#options.onIdle();
  }

  #replace(thread: PooledThread, reason: string): void {
    if (this.#closed) return;
    this.#threads = this.#threads.filter((each) => each !== thread);
    this.#fail(thread, reason, () => this.#threads.push(this.#start()));
  }

  /** Handles a failed thread. Its current job is lost. `replace` starts a new thread if this one has ended. */
  #fail(thread: PooledThread, reason: string, replace: () => void): void {
    const done = thread.done;
    thread.done = null;
    this.#handleDefect(++this.#defectsInARow, reason, replace);
    done?.({ ok: false, message: `the codec thread failed: ${reason}` } satisfies JobFailure);
  }

  #handleDefect(inARow: number, reason: string, replace: () => void): void {
    if (inARow > MAX_DEFECTS_IN_A_ROW) {
      this.#refuses = true;
      const broken = new Error(`codec threads fail repeatedly: ${reason}`);
      this.#started.reject(broken);
      this.#options.onBroken(broken);
    } else {
      replace();
      this.#options.onRestarted(reason);
    }
  }
}
