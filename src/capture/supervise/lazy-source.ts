// A source that cannot be opened yet, as a camera that is in use or not plugged in: it is opened when it is run.

import { SourceError, UsageError } from "../../core/errors.ts";
import type { Source, SourceControls } from "../source.ts";
import { cameraPluggedIn } from "../camera/plugged-in.ts";

/**
 * Opens at each run until that works, after `tryOpen` has resolved: what may pass is a SourceError that says so, for who supervises
 * it to try again.
 */
export function openLazily(name: string, open: () => Source, tryOpen: (signal: AbortSignal) => Promise<void>): Source {
  let opened: Source | null = null;
  const findControls = (): SourceControls => {
    if (opened === null) throw new SourceError(`${name} has not been opened yet`, { retry: true });
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
    throw new SourceError(error.message, { retry: true, cause: error });
  }
}
