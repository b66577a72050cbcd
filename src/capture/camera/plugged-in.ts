// Waits until a camera is plugged in: its node appears in /dev.

import { type FSWatcher, watch } from "node:fs";
import { sleep } from "../../core/clock.ts";
import { onAbort } from "../../core/on-abort.ts";

/** udev sets the group of a new node a moment after the node appears; before that it may not be opened. */
const SETTLE_MS = 200;

/** Resolves when a camera has been plugged in, or when the signal aborts. Where /dev cannot be watched, only the signal counts. */
export async function cameraPluggedIn(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  using _ = onAbort(signal, resolve);
  let watcher: FSWatcher | undefined;
  try {
    watcher = watch("/dev", (_event, name) => {
      if (name?.startsWith("video")) resolve();
    });
    watcher.on("error", () => undefined); // the caller's pause then decides
  } catch {
    // The system has no more watches: the caller's pause decides.
  }
  await promise;
  watcher?.close();
  await sleep(SETTLE_MS, signal);
}
