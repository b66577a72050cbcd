// Keeps a source running. It restarts the source after a failure, with growing pauses between the tries.

import { type Micros, sleep } from "../../core/clock.ts";
import { SourceError } from "../../core/errors.ts";
import { type Log, SILENT_LOG } from "../../core/log.ts";
import { ForwardingSink } from "../forwarding-sink.ts";
import type { FrameSink, Source } from "../source.ts";
import { describePause, RetryPauses } from "./retry-pauses.ts";
import { shortageOf } from "../shortage.ts";
import { wrapSource } from "./wrap-source.ts";

export interface Supervision {
  /**
   * Whether to retry a source that has never delivered a frame. By default this failure is final, so that a user who mistypes the
   * name of a source is told immediately.
   */
  fromTheStart?: boolean;
  /** Receives each restart and its reason at level `debug`. */
  log?: Log;
}

/**
 * Returns the source with restarts. A run that fails with a SourceError with `retry` is started again until the signal aborts.
 * `sink.trouble` reports the failure, and the next frame reports its end.
 */
export function supervise(source: Source, { fromTheStart = false, log = SILENT_LOG }: Supervision = {}): Source {
  // The pauses outlast a run, because a source that is started again for a viewer is not new.
  const pauses = new RetryPauses();
  let refused: Refused | null = null;
  return wrapSource(source, {
    async run(sink, signal) {
      const counting = new FirstFrameSink(sink, () => {
        pauses.reset();
        refused = null;
      });
      // Viewers that come and go must not cause more tries of a refused password.
      if (refused !== null) {
        const leftMs = refused.until - performance.now();
        if (leftMs > 0) sink.trouble(`${refused.text}${describePause(leftMs, "minutes")}`);
        await pause(source, Math.max(0, leftMs), signal);
        if (signal.aborted) return;
      }
      for (;;) {
        counting.begin();
        let pauseMs: number;
        try {
          return await source.run(counting, signal);
        } catch (thrown) {
          const shortage = shortageOf(source.name, thrown);
          const error = shortage ?? thrown;
          if (!(error instanceof SourceError) || error.retry === false) throw error;
          const isRetriedAnyway = fromTheStart || shortage !== null || error.retry === "now";
          if (!pauses.hasWorked && !isRetriedAnyway) throw error;
          if (signal.aborted) return;
          pauseMs = Math.max(pauses.nextMs(error.retry), error.pauseMs);
          const isAskedToWait = error.retry === "minutes" || error.pauseMs > 0;
          refused = isAskedToWait ? { text: error.message, until: performance.now() + pauseMs } : null;
          sink.trouble(`${error.message}${describePause(pauseMs, error.retry)}`);
          log.debug(`${source.name} is restarted after a pause: ${error.message}`, {
            pauseMs,
            frames: counting.frames,
          });
        }
        await pause(source, pauseMs, signal);
        if (signal.aborted) return;
      }
    },
  });
}

/**
 * A camera's refusal of the password, or its demand for a pause. The next try is not before `performance.now()` reaches `until`.
 */
interface Refused {
  text: string;
  until: number;
}

/** Waits for `milliseconds`, or until the device seems to be back. */
async function pause(source: Source, milliseconds: number, signal: AbortSignal): Promise<void> {
  const over = new AbortController();
  const either = AbortSignal.any([signal, over.signal]);
  const waits = [sleep(milliseconds, either)];
  if (source.untilBack !== undefined) waits.push(source.untilBack(either));
  await Promise.race(waits);
  over.abort(); // This ends the other wait.
}

/**
 * Counts the frames of a run. The first frame ends the trouble of the previous run, but not a trouble of this run with a beginning:
 * another server first tells the trouble of its camera, and then sends the last frame before it.
 */
class FirstFrameSink extends ForwardingSink {
  readonly #onFirst: () => void;
  frames = 0;
  #isInTrouble = false;

  constructor(sink: FrameSink, onFirst: () => void) {
    super(sink);
    this.#onFirst = onFirst;
  }

  /** Begins another run. */
  begin(): void {
    this.frames = 0;
    this.#isInTrouble = false;
  }

  override trouble(text: string | null, since?: Micros): void {
    this.#isInTrouble = text !== null && since !== undefined;
    super.trouble(text, since);
  }

  protected onFrame(): void {
    if (this.frames++ > 0) return;
    this.#onFirst();
    if (!this.#isInTrouble) this.sink.trouble(null);
  }
}
