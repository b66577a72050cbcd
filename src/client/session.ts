// The session of a viewer for one or several cameras. It owns the codec threads, their memory and the timers, and it ends them.

import { BUN_RUNTIME } from "../codec/bun/runtime.ts";
import type { CodecName } from "../codec/codecs.ts";
import { Arena } from "../codec/memory/arena.ts";
import { FairShare } from "../codec/threads/fair-share.ts";
import { CodecPool } from "../codec/threads/pool.ts";
import type { Log } from "../core/log.ts";
import { LoopDelay } from "../core/loop-delay.ts";
import { DEFAULT_REPORT_SECONDS } from "../core/program-settings.ts";
import type { Trace } from "../core/trace.ts";
import type { Address } from "../connect/address.ts";
import { DEFAULT_MAX_PIXELS } from "../connect/server-limits.ts";
import type { ServerAccess } from "../connect/server-access.ts";
import { OutputClosed } from "./save/frame-output.ts";
import type { SeenMotionReport } from "./seen-motion.ts";
import type { Display, Renderer } from "./screens/screen.ts";

/** The options that `view` and `viewGrid` have in common. */
export interface WindowOptions {
  address: Address;
  /** The key of the server. Default: no key. */
  access?: ServerAccess | undefined;
  display: Display;
  renderer: Renderer;
  /** The number of decoder threads. */
  workers: number;
  /** The largest number of pixels of a picture, or of the pictures of all cameras in a grid together. Default: DEFAULT_MAX_PIXELS. */
  maxPixels?: number | undefined;
  /** The viewer ends after this many shown frames. Null means no limit. */
  frames: number | null;
  /** The viewer ends after this many seconds. Null means no limit. */
  seconds: number | null;
  /** True to end with the first connection instead of connecting again. */
  once: boolean;
  /** True to wait also for a host or camera that is not known (yet). Default: false. */
  wait?: boolean | undefined;
  /** The seconds between two reports. Default: 1. */
  reportSeconds?: number | undefined;
  /** Receives what the server tells about motion. Default: nothing does. */
  onMotion?: ((report: SeenMotionReport) => void) | undefined;
  /** Receives the log. Default: no log. */
  log?: Log;
  /** Receives the spans of each frame on the track `viewer CAMERA`. Default: no trace. */
  trace?: Trace | null;
}

/**
 * The codec of the decoders. It does not depend on the server's encoder. It uses jsquash for kinds of JPEG that it cannot decode
 * itself.
 */
const DECODER: CodecName = "simd";
/**
 * The most memory for pictures. Decoding needs about 25 bytes for a pixel, and when pictures become larger, the smaller blocks
 * stay allocated.
 */
export const ARENA_BYTES = 256 * 2 ** 20;
export const ARENA_BYTES_PER_PIXEL = 64;
const TICK_MS = 100;

export class ViewSession implements AsyncDisposable {
  readonly arena: Arena;
  readonly pool: CodecPool;
  /** The users of the threads. When a thread is idle, they are called in turn. */
  readonly threadUsers: FairShare;
  /** Aborts when the session ends for any reason. */
  readonly stopped: AbortSignal;
  readonly #stopping = new AbortController();
  readonly #timers = new DisposableStack();
  /** How late the event loop of this thread is. */
  readonly loopDelay = this.#timers.use(new LoopDelay());
  readonly #atEnd = new AsyncDisposableStack();
  readonly #reportSeconds: number;
  #failure: { reason: unknown } | null = null;

  constructor(
    options: Pick<WindowOptions, "workers" | "seconds" | "maxPixels" | "reportSeconds">,
    log: Log,
    signal: AbortSignal,
  ) {
    const { workers, seconds, maxPixels = DEFAULT_MAX_PIXELS, reportSeconds = DEFAULT_REPORT_SECONDS } = options;
    this.#reportSeconds = reportSeconds;
    this.arena = Arena.create(ARENA_BYTES + ARENA_BYTES_PER_PIXEL * maxPixels);
    this.stopped = AbortSignal.any([signal, this.#stopping.signal]);
    this.pool = new CodecPool({
      runtime: BUN_RUNTIME,
      arena: this.arena,
      codec: DECODER,
      threads: workers,
      work: ["decode"],
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

  /** Ends the session with an error. Only the first error is kept. */
  fail(reason: unknown): void {
    this.#failure ??= { reason };
    this.stop();
  }

  /** Throws the error that ended the session. OutputClosed is not treated as an error. */
  throwIfFailed(): void {
    if (this.#failure !== null && !(this.#failure.reason instanceof OutputClosed)) throw this.#failure.reason;
  }

  /** Calls `tick` ten times a second, and `report` in the interval of reports. */
  startTimers(tick: () => void, report: () => void): void {
    this.repeat(TICK_MS, tick);
    this.repeat(this.#reportSeconds * 1000, report);
  }

  /** Calls `action` again and again until the session ends. */
  repeat(intervalMs: number, action: () => void): void {
    const timer = setInterval(action, intervalMs);
    this.#timers.defer(() => clearInterval(timer));
  }

  /**
   * Registers a function for the end of the session, after all threads have stopped. The last registered function is called
   * first.
   */
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
