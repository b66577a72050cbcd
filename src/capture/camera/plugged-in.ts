// Waits until a camera is plugged in, which makes its node appear in /dev.

import { type FSWatcher, watch } from "node:fs";
import { sleep } from "../../core/clock.ts";
import { onAbort } from "../../core/on-abort.ts";

/**
 * The time to wait for udev, which gives a new node its group shortly after the node appears. Until then the node cannot be
 * opened.
 */
const SETTLE_MS = 200;

/**
 * Resolves when a camera has been plugged in, or when the signal aborts. If /dev cannot be watched, it resolves only when the
 * signal aborts.
 */
export async function cameraPluggedIn(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  using _ = onAbort(signal, resolve);
  let watcher: FSWatcher | undefined;
  try {
    watcher = watch("/dev", (_event, name) => {
      if (name?.startsWith("video")) resolve();
    });
    watcher.on("error", () => undefined); // The caller has a time limit, which then ends the wait.
  } catch {
    // The system has no more file watches. The caller has a time limit, which then ends the wait.
  }
  await promise;
  watcher?.close();
  await sleep(SETTLE_MS, signal);
}
