// When a camera appears: seen by its node in /dev.

import { type FSWatcher, watch } from "node:fs";
import { sleep } from "../../core/clock.ts";

/** After a new node is there, udev gives it its group; before that it may not be opened. */
const SETTLE_MS = 200;

/** Resolves when a camera has been plugged in; never where that cannot be seen, which is as good as a long wait. */
export async function cameraPluggedIn(signal: AbortSignal): Promise<void> {
  let watcher: FSWatcher | undefined;
  await new Promise<void>((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
    try {
      watcher = watch("/dev", (_, name) => {
        if (name?.startsWith("video")) resolve();
      });
      watcher.on("error", () => undefined); // then the pause decides
    } catch {
      // No more watches are to be had: the pause decides.
    }
  });
  watcher?.close();
  await sleep(SETTLE_MS, signal);
}
