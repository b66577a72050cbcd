// The end of a thread that may be waiting for a device.

import type { Worker } from "node:worker_threads";
import { sleep } from "../../../core/clock.ts";

/** A driver that waits for a device which does not answer holds its thread; nobody can end that. */
export const CLOSING_PATIENCE_MS = 3_000;

/** Ends a thread; resolves when it has ended, or after CLOSING_PATIENCE_MS. */
export async function endOf(thread: Worker): Promise<void> {
  const over = new AbortController();
  await Promise.race([thread.terminate(), sleep(CLOSING_PATIENCE_MS, over.signal)]);
  over.abort();
}
