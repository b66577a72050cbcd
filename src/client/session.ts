// What a viewer needs while it runs, whether it shows one camera or several: codec threads and their memory, timers, and how it ends.

import { BUN_RUNTIME } from "../codec/bun/runtime.ts";
import type { CodecName } from "../codec/codecs.ts";
import { Arena } from "../codec/memory/arena.ts";
import { FairShare } from "../codec/threads/fair-share.ts";
import { CodecPool } from "../codec/threads/pool.ts";
import type { Log } from "../core/log.ts";
import type { Trace } from "../core/trace.ts";
import type { Address } from "./connect/address.ts";
import { OutputClosed } from "./save/frame-output.ts";
import type { Display, Renderer } from "./screens/screen.ts";

/** The options that `view` and `viewGrid` have in common. */
export interface WindowOptions {
  address: Address;
  display: Display;
  renderer: Renderer;
  /** Decoder threads. */
  workers: number;
  /** End after so many shown frames; null = never. */
  frames: number | null;
  /** End after so many seconds; null = never. */
  seconds: number | null;
  /** End with the first connection instead of connecting again. */
  once: boolean;
  /** Default: no log. */
  log?: Log;
  /** Hears of the spans of each frame, on the track `viewer CAMERA`. Default: no trace. */
  trace?: Trace | null;
}

/** The fast codec. It asks jsquash for the kinds of JPEG that it does not read itself, whatever the server encodes with. */
const DECODER: CodecName = "simd";
const TICK_MS = 100;
const REPORT_MS = 1_000;

export class ViewSession implements AsyncDisposable {
  readonly arena = Arena.create();
  readonly pool: CodecPool;
  /** Users of the threads, each asked in turn when a thread is idle. */
  readonly threadUsers: FairShare;
  /** Aborts when the session is to end, for whatever reason. */
  readonly stopped: AbortSignal;
  readonly #stopping = new AbortController();
  readonly #timers = new DisposableStack();
  readonly #atEnd = new AsyncDisposableStack();
  #failure: { reason: unknown } | null = null;

  constructor({ workers, seconds }: Pick<WindowOptions, "workers" | "seconds">, log: Log, signal: AbortSignal) {
    this.stopped = AbortSignal.any([signal, this.#stopping.signal]);
    this.pool = new CodecPool({
      runtime: BUN_RUNTIME,
      arena: this.arena,
      codec: DECODER,
      threads: workers,
      onIdle: () => this.threadUsers.pump(),
      onBroken: (reason) => this.fail(reason),
      onRestarted: (reason) => log.warning(`a codec thread failed and was restarted: ${reason}`),
    });
    this.threadUsers = new FairShare(this.pool);
    if (seconds !== null) {
      const timer = setTimeout(() => this.stop(), seconds * 1000);
      this.#timers.defer(() => clearTimeout(timer));
    }
  }

  stop(): void {
    this.#stopping.abort();
  }

  /** Ends the session with an error; the first one counts. */
  fail(reason: unknown): void {
    this.#failure ??= { reason };
    this.stop();
  }

  /** Throws the error that ended the session. It is no error that the reader of the output has closed it. */
  throwIfFailed(): void {
    if (this.#failure !== null && !(this.#failure.reason instanceof OutputClosed)) throw this.#failure.reason;
  }

  /** Calls `tick` ten times a second, and `report` once a second. */
  startTimers(tick: () => void, report: () => void): void {
    const ticking = setInterval(tick, TICK_MS);
    const reporting = setInterval(report, REPORT_MS);
    this.#timers.defer(() => clearInterval(ticking));
    this.#timers.defer(() => clearInterval(reporting));
  }

  /** Calls `close` at the end, when no thread works any more; what was opened last is closed first. */
  atEnd(close: () => void | Promise<void>): void {
    this.#atEnd.defer(close);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await using ending = new AsyncDisposableStack();
    ending.use(this.#atEnd);
    ending.defer(() => this.pool.close());
    ending.use(this.#timers);
  }
}
