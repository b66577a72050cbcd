// Lets Ctrl-C and SIGTERM end the program while its main thread hangs, as in a call to a display that does not answer.
//
// Handlers of signals run in the main thread. While it hangs, the signals get their default action back, so the kernel ends the process.

import { Worker } from "node:worker_threads";
import { hasLibc } from "../capture/v4l2/libc.ts";

export const GUARDED_SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** Indexes of the shared words: the main thread counts up while it runs; the thread sets `given` when signals have their default action. */
export const GUARD_WORD = { beat: 0, given: 1 } as const;

const BEAT_MS = 100;

/**
 * Starts the thread that watches the main thread. `install` installs the handlers of the signals again, after the main thread has run
 * again. Does nothing on systems whose C library is not known.
 */
export function guardAgainstHangs(install: () => void): void {
  if (!hasLibc()) return;
  const words = new Int32Array(new SharedArrayBuffer(8));
  const thread = new Worker(new URL("./hang-guard-thread.ts", import.meta.url), { workerData: words });
  thread.unref();
  const beating = setInterval(() => {
    Atomics.add(words, GUARD_WORD.beat, 1);
    if (Atomics.exchange(words, GUARD_WORD.given, 0) === 1) install();
  }, BEAT_MS);
  beating.unref();
}
