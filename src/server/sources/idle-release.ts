// Lets a source go while nobody watches, so that a camera's light is off and others may use it, and starts it again.

import type { FrameSink, Source } from "./source.ts";

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
  let release = new AbortController();
  let somebodyCame = Promise.withResolvers<void>();

  const check = () => {
    if (isWatched()) {
      if (timer !== null) clearTimeout(timer);
      timer = null;
      somebodyCame.resolve();
    } else {
      timer ??= setTimeout(() => release.abort(), idleSeconds * 1000);
    }
  };
  return {
    check,
    async run(sink, signal) {
      try {
        while (!signal.aborted) {
          check(); // nobody may have come at all
          await source.run(sink, AbortSignal.any([signal, release.signal]));
          if (!release.signal.aborted) return;
          release = new AbortController();
          timer = null;
          if (isWatched()) continue; // somebody came while it was being let go
          somebodyCame = Promise.withResolvers();
          options.onReleased();
          await Promise.race([somebodyCame.promise, untilAborted(signal)]);
          if (!signal.aborted) options.onResumed();
        }
      } finally {
        if (timer !== null) clearTimeout(timer);
      }
    },
  };
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
