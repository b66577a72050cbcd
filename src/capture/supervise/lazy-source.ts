// A source that is opened when it runs, for a camera that cannot be opened yet because it is in use or not plugged in.

import { SourceError, UsageError } from "../../core/errors.ts";
import { cameraPluggedIn } from "../camera/plugged-in.ts";
import type { Source, SourceControls } from "../source.ts";

/**
 * Opens the source at the start of each run until opening succeeds. `tryOpen` first checks in a thread whether it can be opened.
 * Temporary failures are thrown as SourceError with `retry`, so that supervise() tries again.
 */
export function openLazily(name: string, open: () => Source, tryOpen: (signal: AbortSignal) => Promise<void>): Source {
  let opened: Source | null = null;
  const findControls = (): SourceControls => {
    if (opened === null) throw new SourceError(`${name} has not been opened yet`, { retry: "soon" });
    if (opened.controls === undefined) throw new SourceError(`${name} has no controls`, { retry: false });
    return opened.controls;
  };
  return {
    get name() {
      return opened?.name ?? name;
    },
    get framesPerSecond() {
      return opened?.framesPerSecond ?? 0;
    },
    async run(sink, signal) {
      if (opened === null && !signal.aborted) await tryOpen(signal);
      if (signal.aborted) return;
      opened ??= openNow(open);
      await opened.run(sink, signal);
    },
    controls: {
      list: async () => findControls().list(),
      set: async (setting, value) => findControls().set(setting, value),
      close: async () => opened?.controls?.close(),
    },
    untilBack: (signal) => opened?.untilBack?.(signal) ?? cameraPluggedIn(signal),
  };
}

function openNow(open: () => Source): Source {
  try {
    return open();
  } catch (error) {
    if (!(error instanceof UsageError) || !error.retry) throw error;
    throw new SourceError(error.message, { retry: "soon", cause: error });
  }
}
