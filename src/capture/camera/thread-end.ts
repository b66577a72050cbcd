// Waits for the end of a thread that may be blocked by a device.
//
// No thread is terminated: Bun 1.4.5 reports a thread as ended that is still within a system call, and its device stays open for ever.

import type { Worker } from "node:worker_threads";
import { sleep } from "../../core/clock.ts";

/** A driver holds a thread for as long as it waits for a device that does not answer. This is how long we wait for the thread. */
const PATIENCE_MS = 3_000;

/** Resolves when the thread has ended. To be called before the thread can end. */
export function endOf(thread: Worker): Promise<void> {
  return new Promise((resolve) => {
    thread.on("exit", () => resolve());
  });
}

/**
 * Whether a thread that was told to end has ended, or does so within PATIENCE_MS. If it has not, it is unref'd, so that the process
 * can exit.
 */
export async function hasEnded(thread: Worker, end: Promise<void>): Promise<boolean> {
  const over = new AbortController();
  const isEnded = await Promise.race([end.then(() => true), sleep(PATIENCE_MS, over.signal).then(() => false)]);
  over.abort();
  if (!isEnded) thread.unref();
  return isEnded;
}
