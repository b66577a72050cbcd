// Keeps a source going: what stops is started again, with a growing pause between the tries.

import { sleep } from "../../core/clock.ts";
import { SourceError } from "../../core/errors.ts";
import { ForwardingSink } from "./forwarding-sink.ts";
import type { FrameSink, Source } from "../source.ts";

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 5_000;
/** What has never worked may be waited for in vain: a device that appears ends the pause, whatever its length. */
const LONGEST_PAUSE_BEFORE_FIRST_MS = 30_000;

export interface Supervision {
  /**
   * What fails before its first frame ever is tried again as well. Otherwise that is final: the user who just typed its name
   * should hear of it at once.
   */
  fromTheStart?: boolean;
}

/**
 * The same source, restarted when it fails in a way that may pass. Failures are said through `sink.trouble` and mended by
 * trying for as long as the signal allows.
 */
export function supervise(source: Source, { fromTheStart = false }: Supervision = {}): Source {
  let hasDelivered = false; // in any run: a source that is let go and wanted again is not new
  return {
    get name() {
      return source.name; // of one that is opened late it changes
    },
    get framesPerSecond() {
      return source.framesPerSecond;
    },
    ...(source.controls === undefined ? {} : { controls: source.controls }),
    async run(sink, signal) {
      const heard = new HearingSink(sink, () => {
        hasDelivered = true;
      });
      let pauseMs = FIRST_PAUSE_MS;
      for (;;) {
        heard.frames = 0;
        try {
          return await source.run(heard, signal);
        } catch (error) {
          if (!(error instanceof SourceError) || !error.retry) throw error;
          if (!hasDelivered && !fromTheStart) throw error;
          if (signal.aborted) return;
          if (heard.frames > 0) pauseMs = FIRST_PAUSE_MS;
          sink.trouble(`${error.message}; trying again`);
        }
        await pause(source, pauseMs, signal);
        if (signal.aborted) return;
        pauseMs = Math.min(2 * pauseMs, hasDelivered ? LONGEST_PAUSE_MS : LONGEST_PAUSE_BEFORE_FIRST_MS);
      }
    },
  };
}

/** Waits so long, or until the device seems to be back. */
async function pause(source: Source, milliseconds: number, signal: AbortSignal): Promise<void> {
  const over = new AbortController();
  const either = AbortSignal.any([signal, over.signal]);
  const waits = [sleep(milliseconds, either)];
  if (source.untilBack !== undefined) waits.push(source.untilBack(either));
  await Promise.race(waits);
  over.abort(); // the other one ends as well
}

/** The first frame after a failure means that all is well again. */
class HearingSink extends ForwardingSink {
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
