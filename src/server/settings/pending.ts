// Finds the options that a running server cannot take.

import type { ResolvedServeOptions } from "./options.ts";

/** The options that `Server.change` takes. All others hold only after a new start. */
const CHANGEABLE: readonly (keyof ResolvedServeOptions)[] = ["cameras", "keys", "maxLatencyMs", "maxBitsPerSecond"];

/** Returns the names of the options that are different in `next` and hold only after a new start. */
export function pendingOptions(running: ResolvedServeOptions, next: ResolvedServeOptions): string[] {
  const names = Object.keys(next) as (keyof ResolvedServeOptions)[];
  const isOther = (name: keyof ResolvedServeOptions) => JSON.stringify(running[name]) !== JSON.stringify(next[name]);
  const pending = names.filter((name) => !CHANGEABLE.includes(name) && isOther(name));
  // A server with keys takes other keys, but not another key store, and a server without keys stays one.
  const hasOtherKind = running.keys?.store !== next.keys?.store || (running.keys === null) !== (next.keys === null);
  return hasOtherKind ? [...pending, "keys"] : pending;
}
