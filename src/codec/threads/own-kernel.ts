// A kernel of the thread that has the data, usually the main thread. Work that takes less time than waking a codec thread is done
// with it. When there is more work, the thread takes its share while it would only wait.

import { type Micros, nowMicros } from "../../core/clock.ts";
import { CodecError, messageOf } from "../../core/errors.ts";
import type { JobFailure, JobSuccess } from "./job.ts";
import type { CodecPool } from "./pool.ts";

/** The thread does codec work for at most this time without a pause. Then the event loop serves sockets and timers. */
export const STRETCH_MICROS: Micros = 500;

/** Work in parts, for example the bands of a frame. */
export interface OwnWork<Kernel> {
  /**
   * Does parts of the work, and asks `mayGoOn` before each further part. Returns true when no part is left. Throws CodecError if
   * the kernel refuses the work.
   */
  step(kernel: Kernel, mayGoOn: () => boolean): boolean;
  /**
   * Hands on the parts that the last `step` has done. `isFinished` is what it returned. The time of their receivers is not that of the
   * work, and an error of theirs says nothing about the kernel.
   */
  handOn?(isFinished: boolean): void;
  /** Takes the result. It is called once, except after the pool was closed. */
  done(result: JobSuccess<null> | JobFailure): void;
}

export class OwnKernel<Kernel> {
  readonly #pool: CodecPool;
  readonly #load: () => Promise<Kernel>;
  readonly #nextTurn: (act: () => void) => void;
  /** Null until it is loaded. After a defect it is loaded again. */
  #kernel: Kernel | null = null;

  /**
   * Creates the kernel, and loads it in the background. Returns null if the jobs of the pool run in this thread anyway (in a
   * page), so there is no waking to save.
   */
  static create<Kernel>(pool: CodecPool, load: () => Promise<Kernel>): OwnKernel<Kernel> | null {
    const { nextTurn } = pool;
    return nextTurn === null ? null : new OwnKernel(pool, load, nextTurn);
  }

  private constructor(pool: CodecPool, load: () => Promise<Kernel>, nextTurn: (act: () => void) => void) {
    this.#pool = pool;
    this.#load = load;
    this.#nextTurn = nextTurn;
    void this.#reload();
  }

  /** Whether the kernel can work. If not, codec threads do the work. */
  get isReady(): boolean {
    return this.#kernel !== null && !this.#pool.isClosed;
  }

  /**
   * Does the work. The first stretch is done before this method returns, and perhaps all of it. The event loop runs between
   * stretches. When work ends later, the pool's owner is told so, as if a thread had become idle.
   */
  run(work: OwnWork<Kernel>): void {
    let busyMicros = 0;
    const stretch = (): JobSuccess<null> | JobFailure | null => {
      const kernel = this.#kernel;
      if (kernel === null) return { ok: false, message: "the codec is being loaded again" };
      const startedAt = nowMicros();
      let isFinished: boolean;
      try {
        isFinished = work.step(kernel, () => nowMicros() - startedAt < STRETCH_MICROS);
      } catch (error) {
        if (!(error instanceof CodecError)) this.#replace(error);
        return { ok: false, message: messageOf(error) };
      }
      busyMicros += nowMicros() - startedAt;
      work.handOn?.(isFinished);
      if (!isFinished) return null;
      this.#pool.countSuccess();
      return { ok: true, value: null, busyMicros };
    };
    const goOn = () => {
      if (this.#pool.isClosed) return;
      const result = stretch();
      if (result === null) {
        this.#nextTurn(goOn);
        return;
      }
      work.done(result);
      this.#pool.pumpOwner();
    };
    const result = stretch();
    if (result === null) this.#nextTurn(goOn);
    else work.done(result);
  }

  /** Loads the kernel again, because a defect may have left it in any state. */
  #replace(defect: unknown): void {
    this.#kernel = null;
    this.#pool.countDefect(messageOf(defect));
    void this.#reload();
  }

  async #reload(): Promise<void> {
    try {
      this.#kernel = await this.#load();
    } catch (error) {
      // Codec threads load the same files and then do all the work, so this only costs time. After `close` it does not matter.
      if (!this.#pool.isClosed) this.#pool.countDefect(messageOf(error));
    }
  }
}
