// Waits for the end of a thread that may hang in a call to a device.
//
// Threads are never terminated. Bun 1.4.5 reports a terminated thread as ended while it is still in a system call, and its device
// then stays open for ever.

import type { Worker } from "node:worker_threads";
import { settlesWithin } from "../core/clock.ts";

/** The time to wait for the thread. A driver blocks a thread while a device does not answer. */
const PATIENCE_MS = 1_000;

/**
 * Returns a promise that resolves when the thread has ended. Call it right after the start of the thread, because an end that
 * came before is not noticed.
 */
export function endOf(thread: Worker): Promise<void> {
  return new Promise((resolve) => {
    thread.on("exit", () => resolve());
  });
}

/**
 * Returns whether a thread that was told to end does so within PATIENCE_MS. If it does not, the function calls its `unref`, so
 * that the process can exit.
 */
export async function hasEnded(thread: Worker, end: Promise<void>): Promise<boolean> {
  const isEnded = await settlesWithin(end, PATIENCE_MS);
  if (!isEnded) thread.unref();
  return isEnded;
}
