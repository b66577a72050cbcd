// Releases a source while it has no viewers, so that a camera's light is off and other programs may use it. Restarts it for a viewer.

import { onAbort } from "../../core/on-abort.ts";
import type { FrameSink, Source } from "../source.ts";

export interface IdleReleaseOptions {
  source: Source;
  /** How long there are no viewers before the source is released; null: it is never released. */
  idleSeconds: number | null;
  /** Whether there are viewers now. */
  demand: { readonly isWatched: boolean };
  listener: ReleaseListener;
}

export interface ReleaseListener {
  /** The source has ended because there were no viewers for `idleSeconds`. */
  released(idleSeconds: number): void;
  /** A viewer came, and the source is about to start again. */
  resumed(): void;
}

export interface WatchedSource {
  /** Like Source.run, with a pause each time the source has no viewers. */
  run(sink: FrameSink, signal: AbortSignal): Promise<void>;
  /** To be called when a viewer comes or leaves. */
  check(): void;
}

export function runWhileWatched(options: IdleReleaseOptions): WatchedSource {
  const { source, idleSeconds, demand, listener } = options;
  if (idleSeconds === null) return { run: (sink, signal) => source.run(sink, signal), check: () => undefined };
  let timer: ReturnType<typeof setTimeout> | null = null;
  /** Releases the source; null while it does not run. */
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
        check(); // there may be no viewer from the start
        try {
          await source.run(sink, AbortSignal.any([signal, released.signal]));
        } finally {
          release = null;
          stopTimer();
        }
        if (signal.aborted || !released.signal.aborted) return;
        if (demand.isWatched) continue; // a viewer came while the source was being released
        listener.released(idleSeconds);
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        if (!signal.aborted) listener.resumed();
      }
    },
  };
}
