// Stops a source while it has no viewers, so that a camera's light is off and other programs may use the camera. The next viewer
// starts it again.

import { onAbort } from "../../core/on-abort.ts";
import type { FrameSink, Source } from "../source.ts";

export interface IdleReleaseOptions {
  source: Source;
  /** The time without viewers after which the source is released (stopped). Null means that it is never released. */
  idleSeconds: number | null;
  /** Tells whether there are viewers. */
  demand: { readonly isWatched: boolean };
  listener: ReleaseListener;
}

export interface ReleaseListener {
  /** Called when the source has stopped because there were no viewers for `idleSeconds`. */
  released(idleSeconds: number): void;
  /** Called when a viewer has come, just before the source starts again. */
  resumed(): void;
}

export interface WatchedSource {
  /** Runs the source like Source.run, with a pause whenever it has no viewers. */
  run(sink: FrameSink, signal: AbortSignal): Promise<void>;
  /** The owner calls this method when a viewer comes or leaves. */
  check(): void;
}

export function runWhileWatched(options: IdleReleaseOptions): WatchedSource {
  const { source, idleSeconds, demand, listener } = options;
  if (idleSeconds === null) return { run: (sink, signal) => source.run(sink, signal), check: () => undefined };
  let timer: ReturnType<typeof setTimeout> | null = null;
  /** Stops the source. It is null while the source does not run. */
  let release: AbortController | null = null;
  /** Ends the wait for a viewer. */
  let wake: () => void = () => undefined;

  const stopTimer = () => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
  };
  const check = () => {
    if (demand.isWatched) {
      stopTimer();
      wake();
    } else if (release !== null) {
      timer ??= setTimeout(() => release?.abort(), idleSeconds * 1000);
    }
  };
  return {
    check,
    async run(sink, signal) {
      using _ = onAbort(signal, () => wake());
      while (!signal.aborted) {
        const released = new AbortController();
        release = released;
        check(); // There may be no viewer at the start.
        try {
          await source.run(sink, AbortSignal.any([signal, released.signal]));
        } finally {
          release = null;
          stopTimer();
        }
        if (signal.aborted || !released.signal.aborted) return;
        if (demand.isWatched) continue; // A viewer came while the source was being released.
        listener.released(idleSeconds);
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        if (!signal.aborted) listener.resumed();
      }
    },
  };
}
