// The thread that checks regularly whether the main thread runs. hang-guard.ts starts it.

import { constants } from "node:os";
import { workerData } from "node:worker_threads";
import { restoreDefaultAction } from "../system/v4l2/libc.ts";
import { GUARD_WORD, GUARDED_SIGNALS } from "./hang-guard.ts";

const LOOK_MS = 250;
/**
 * The number of checks in a row without progress after which the main thread counts as hung. Checks are counted instead of time,
 * because a stopped process (SIGSTOP) does not hang, and its thread makes no checks.
 */
const LOOKS_UNTIL_HUNG = 8;

const words = workerData as Int32Array;
const never = new Int32Array(new SharedArrayBuffer(4));

for (let seen = -1, looks = 0; ;) {
  Atomics.wait(never, 0, 0, LOOK_MS);
  const beat = Atomics.load(words, GUARD_WORD.beat);
  looks = beat === seen ? looks + 1 : 0;
  seen = beat;
  if (looks !== LOOKS_UNTIL_HUNG) continue;
  for (const name of GUARDED_SIGNALS) restoreDefaultAction(constants.signals[name]);
  Atomics.store(words, GUARD_WORD.given, 1);
}
