// The end of a thread that may be waiting for a device.
//
// None is ended by force: Bun 1.4.5 calls a thread ended that is still within a system call, and its device stays open for ever.

import type { Worker } from "node:worker_threads";
import { sleep } from "../../core/clock.ts";

/** A driver that waits for a device which does not answer holds its thread for so long as it likes. */
const PATIENCE_MS = 3_000;

/** Resolves when the thread has ended. Ask before it can have. */
export function endOf(thread: Worker): Promise<void> {
  return new Promise((resolve) => {
    thread.on("exit", () => resolve());
  });
}

/** Whether a thread that was told to end has done so, or does within a few seconds. If not, it keeps the process from ending no more. */
export async function hasEnded(thread: Worker, end: Promise<void>): Promise<boolean> {
  const over = new AbortController();
  const isIt = await Promise.race([end.then(() => true), sleep(PATIENCE_MS, over.signal).then(() => false)]);
  over.abort();
  if (!isIt) thread.unref();
  return isIt;
}
