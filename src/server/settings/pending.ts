// Finds the options that a running server cannot take.

import type { ResolvedServeOptions } from "./options.ts";

/** The options that `Server.change` changes. A new value of any other option holds only after a restart. */
const CHANGEABLE: readonly (keyof ResolvedServeOptions)[] = ["cameras", "keys", "maxLatencyMs", "maxBitsPerSecond"];

/** Returns the names of the options whose new values in `next` hold only after a restart. */
export function pendingOptions(running: ResolvedServeOptions, next: ResolvedServeOptions): string[] {
  const names = Object.keys(next) as (keyof ResolvedServeOptions)[];
  const isOther = (name: keyof ResolvedServeOptions) => JSON.stringify(running[name]) !== JSON.stringify(next[name]);
  const pending = names.filter((name) => !CHANGEABLE.includes(name) && isOther(name));
  // The keys can change, but the key store cannot. A server without keys cannot begin to need keys, and the reverse.
  const hasOtherKind = running.keys?.store !== next.keys?.store || (running.keys === null) !== (next.keys === null);
  return hasOtherKind ? [...pending, "keys"] : pending;
}
