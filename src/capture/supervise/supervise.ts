// Keeps a source running: restarts it after a failure, with growing pauses between the tries.

import { sleep } from "../../core/clock.ts";
import { SourceError } from "../../core/errors.ts";
import { type Log, SILENT_LOG } from "../../core/log.ts";
import { ForwardingSink } from "./forwarding-sink.ts";
import type { FrameSink, Source } from "../source.ts";
import { wrapSource } from "./wrap-source.ts";

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 5_000;
/** A source that has never worked may never work. A device that appears ends the pause early, so the pause may be long. */
const LONGEST_PAUSE_BEFORE_FIRST_MS = 30_000;

export interface Supervision {
  /**
   * Also retry a source that has never delivered a frame. By default such a failure is final, so that the user who has just typed
   * the source's name hears of it at once.
   */
  fromTheStart?: boolean;
  /** Hears of each restart and its reason, at level `debug`. */
  log?: Log;
}

/**
 * Returns the source with restarts: a run that fails with a SourceError with `retry` is started again until the signal aborts.
 * The failure is reported through `sink.trouble`, and its end with the next frame.
 */
export function supervise(source: Source, { fromTheStart = false, log = SILENT_LOG }: Supervision = {}): Source {
  let hasDelivered = false; // in any run: a source that was released and is wanted again is not new
  return wrapSource(source, {
    async run(sink, signal) {
      const counting = new FirstFrameSink(sink, () => {
        hasDelivered = true;
      });
      let pauseMs = FIRST_PAUSE_MS;
      for (;;) {
        counting.frames = 0;
        try {
          return await source.run(counting, signal);
        } catch (error) {
          if (!(error instanceof SourceError) || !error.retry) throw error;
          if (!hasDelivered && !fromTheStart) throw error;
          if (signal.aborted) return;
          if (counting.frames > 0) pauseMs = FIRST_PAUSE_MS;
          sink.trouble(`${error.message}; trying again`);
          log.debug(`${source.name} is restarted after a pause: ${error.message}`, {
            pauseMs,
            frames: counting.frames,
          });
        }
        await pause(source, pauseMs, signal);
        if (signal.aborted) return;
        pauseMs = Math.min(2 * pauseMs, hasDelivered ? LONGEST_PAUSE_MS : LONGEST_PAUSE_BEFORE_FIRST_MS);
      }
    },
  });
}

/** Waits for `milliseconds`, or until the device seems to be back. */
async function pause(source: Source, milliseconds: number, signal: AbortSignal): Promise<void> {
  const over = new AbortController();
  const either = AbortSignal.any([signal, over.signal]);
  const waits = [sleep(milliseconds, either)];
  if (source.untilBack !== undefined) waits.push(source.untilBack(either));
  await Promise.race(waits);
  over.abort(); // ends the other wait
}

/** Counts the frames of a run. The first frame ends the trouble of the run before. */
class FirstFrameSink extends ForwardingSink {
  readonly #onFirst: () => void;
  frames = 0;

  constructor(sink: FrameSink, onFirst: () => void) {
    super(sink);
    this.#onFirst = onFirst;
  }

  protected onFrame(): void {
    if (this.frames++ > 0) return;
    this.#onFirst();
    this.sink.trouble(null);
  }
}
