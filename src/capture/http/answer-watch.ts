// Watches one request. It reports a camera that is silent before its first picture, and ends an answer that has stalled.

import { SourceError } from "../../core/errors.ts";
import { SILENCE_MS, silenceLimitMs } from "../../protocol/silence.ts";
import type { FrameSink } from "../source.ts";
import { explainConnection } from "./failures.ts";

const TICK_MS = 200;
/**
 * The shortest time after which an answer counts as stalled. TCP recovers from a lost packet or a change of access point within
 * some seconds.
 */
const STALL_MS = 10_000;
/** The time after which an answer counts as stalled before two pictures have come. Until then their interval is unknown. */
const FIRST_STALL_MS = 30_000;

export interface AnswerWatchOptions {
  /** The camera's name, for messages. */
  name: string;
  frames: { readonly count: number; readonly intervalMs: number };
  sink: FrameSink;
}

/** Watches from its construction until it is disposed. */
export class AnswerWatch implements Disposable {
  readonly #options: AnswerWatchOptions;
  readonly #stalled = new AbortController();
  readonly #timer = setInterval(() => this.#tick(), TICK_MS);
  readonly #beganAt = performance.now();
  #heardAt = performance.now();
  #hasAnswered = false;
  #isSaid = false;
  /** True if it was reported that nothing has followed the first picture. */
  #isSecondMissed = false;
  #stalledForMs = 0;

  constructor(options: AnswerWatchOptions) {
    this.#options = options;
  }

  /** Aborts when the answer has begun and no more bytes come. */
  get signal(): AbortSignal {
    return this.#stalled.signal;
  }

  /** The caller reports with this that the header fields of the answer have come. */
  answered(): void {
    this.#hasAnswered = true;
    this.received();
  }

  /** The caller reports with this that bytes of the answer have come. */
  received(): void {
    this.#heardAt = performance.now();
  }

  /** Returns the error for an answer that broke off with `error`. */
  explain(error: unknown): unknown {
    if (error instanceof SourceError) return error;
    const { name } = this.#options;
    if (!this.#stalled.signal.aborted) return explainConnection(name, error);
    const text = `${name} has sent nothing for ${Math.round(this.#stalledForMs / 1000)} s`;
    return new SourceError(text, { retry: "soon", cause: error });
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #tick(): void {
    const { name, frames, sink } = this.#options;
    const now = performance.now();
    // Only the wait for the first picture is reported here. Later silences are reported by the source's watchdog
    // (supervise/watchdog.ts), which knows the usual interval.
    if (frames.count === 0 && !this.#isSaid && now - this.#beganAt >= SILENCE_MS) {
      this.#isSaid = true;
      const what = this.#hasAnswered ? "not sent a picture" : "not answered";
      sink.trouble(`${name} has ${what} for ${SILENCE_MS / 1000} s`);
    }
    // The source's watchdog cannot report that the second picture is missing, because the rate is not known yet.
    if (frames.count === 1 && !this.#isSecondMissed && now - this.#heardAt >= STALL_MS) {
      this.#isSecondMissed = true;
      sink.trouble(`${name} has sent nothing for ${STALL_MS / 1000} s`);
    } else if (frames.count > 1 && this.#isSecondMissed) {
      this.#isSecondMissed = false;
      sink.trouble(null);
    }
    const limitMs = frames.intervalMs === 0 ? FIRST_STALL_MS : silenceLimitMs(frames.intervalMs, STALL_MS);
    if (!this.#hasAnswered || now - this.#heardAt < limitMs) return;
    this.#stalledForMs = now - this.#heardAt;
    this.#stalled.abort();
  }
}
