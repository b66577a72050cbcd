// A source with another `run`. All other properties are those of the wrapped source.

import type { Source } from "../source.ts";

/**
 * Wraps `source`. Name and rate are read each time, because a source that is opened late learns them when it is opened. `untilBack`
 * is left out, because only the wrapper that restarts the source needs it.
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
    run,
  };
}
