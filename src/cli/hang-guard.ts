// Lets Ctrl-C and SIGTERM end the program while its main thread hangs, for example in a call to a display that does not answer.
//
// Signal handlers run in the main thread. So while it hangs, a second thread restores the default action of the signals, and the
// kernel ends the process.

import { Worker } from "node:worker_threads";
import { hasLibc } from "../system/v4l2/libc.ts";
import { PROGRAM_FILES } from "../program-files.ts";

export const GUARDED_SIGNALS = ["SIGINT", "SIGTERM"] as const;

/**
 * The indexes of the shared words. The main thread counts `beat` up while it runs. The second thread sets `given` when signals
 * have their default action.
 */
export const GUARD_WORD = { beat: 0, given: 1 } as const;

const BEAT_MS = 100;

/**
 * Starts the thread that watches the main thread. `install` installs the signal handlers again. It is called when the main thread
 * runs again after it has hung. The function does nothing on systems whose C library is not known.
 */
export function guardAgainstHangs(install: () => void): void {
  if (!hasLibc()) return;
  const words = new Int32Array(new SharedArrayBuffer(8));
  const thread = new Worker(PROGRAM_FILES.threads.hangGuard, { workerData: words });
  thread.unref();
  const beating = setInterval(() => {
    Atomics.add(words, GUARD_WORD.beat, 1);
    if (Atomics.exchange(words, GUARD_WORD.given, 0) === 1) install();
  }, BEAT_MS);
  beating.unref();
}
