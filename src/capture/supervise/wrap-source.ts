// Makes a source that differs from another one only in its function `run`.

import type { Source } from "../source.ts";

/**
 * Wraps `source`. Name and rate are read from it each time, because they may change when the source is opened (lazy-source.ts).
 * The result has no `untilBack`, because only the wrapper that restarts the source (supervise.ts) needs it.
 */
export function wrapSource(source: Source, { run }: Pick<Source, "run">): Source {
  return {
    get name() {
      return source.name;
    },
    get framesPerSecond() {
      return source.framesPerSecond;
    },
    controls: source.controls,
    route: source.route,
    run,
  };
}
