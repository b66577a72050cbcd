// Lets a source go while nobody watches, so that a camera's light is off and others may use it, and starts it again.

import type { FrameSink, Source } from "../source.ts";

export interface IdleReleaseOptions {
  source: Source;
  /** Null: the source runs whether somebody watches or not. */
  idleSeconds: number | null;
  isWatched: () => boolean;
  onReleased: () => void;
  onResumed: () => void;
}

export interface WatchedSource {
  /** As Source.run; a source that was let go is started again when somebody comes. */
  run(sink: FrameSink, signal: AbortSignal): Promise<void>;
  /** Call when somebody came or left. */
  check(): void;
}

export function runWhileWatched(options: IdleReleaseOptions): WatchedSource {
  const { source, idleSeconds, isWatched } = options;
  if (idleSeconds === null) return { run: (sink, signal) => source.run(sink, signal), check: () => undefined };
  let timer: ReturnType<typeof setTimeout> | null = null;
  /** Lets the source go; null while it does not run. */
  let release: AbortController | null = null;
  /** Ends the wait for somebody to come. */
  let wake: () => void = () => undefined;

  const stopTimer = () => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
  };
  const check = () => {
    if (isWatched()) {
      stopTimer();
      wake();
    } else if (release !== null) {
      timer ??= setTimeout(() => release?.abort(), idleSeconds * 1000);
    }
  };
  return {
    check,
    async run(sink, signal) {
      signal.addEventListener("abort", () => wake(), { once: true });
      while (!signal.aborted) {
        const letGo = new AbortController();
        release = letGo;
        check(); // nobody may have come at all
        try {
          await source.run(sink, AbortSignal.any([signal, letGo.signal]));
        } finally {
          release = null;
          stopTimer();
        }
        if (signal.aborted || !letGo.signal.aborted) return;
        if (isWatched()) continue; // somebody came while it was being let go
        options.onReleased();
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        if (!signal.aborted) options.onResumed();
      }
    },
  };
}
