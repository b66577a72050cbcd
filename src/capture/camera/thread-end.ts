// Waits for the end of a thread that a device may block.
//
// Threads are never terminated. Bun 1.4.5 reports a terminated thread as ended while it is still in a system call, and its device
// then stays open for ever.

import type { Worker } from "node:worker_threads";
import { settlesWithin } from "../../core/clock.ts";

/** The time to wait for the thread. A driver blocks a thread while a device does not answer. */
const PATIENCE_MS = 1_000;

/** Resolves when the thread has ended. It must be called before the thread can end. */
export function endOf(thread: Worker): Promise<void> {
  return new Promise((resolve) => {
    thread.on("exit", () => resolve());
  });
}

/**
 * Returns whether a thread that was told to end does so within PATIENCE_MS. A thread that has not ended is unref'd, so that the
 * process can exit.
 */
export async function hasEnded(thread: Worker, end: Promise<void>): Promise<boolean> {
  const isEnded = await settlesWithin(end, PATIENCE_MS);
  if (!isEnded) thread.unref();
  return isEnded;
}
