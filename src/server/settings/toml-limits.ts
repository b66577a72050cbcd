// Limits of a settings file. They are checked before it is parsed, because the time of the parser grows with the square of the
// nesting depth.

/** The largest settings file. A file with 64 cameras, all their settings and comments is much smaller. */
export const MAX_FILE_BYTES = 256 * 1024;
/** The deepest allowed nesting. No setting needs more than 3 levels: a control of a camera is in a table in a table in a list. */
const MAX_DEPTH = 8;

/** Matches strings in quotes and comments, in which brackets and dots have no meaning. TOML's multi-line strings come first. */
const QUOTED = /"""[\s\S]*?"""|'''[\s\S]*?'''|"(?:\\.|[^"\\\n])*"|'[^'\n]*'|#[^\n]*/g;
const DEEP_KEY = new RegExp(`(?:[\\w-]+[ \\t]*\\.[ \\t]*){${MAX_DEPTH}}`);

/** Returns the number (from 1) of the first line that is nested too deeply, or null if there is none. */
export function lineTooDeep(toml: string): number | null {
  const bare = toml.replaceAll(QUOTED, (text) => `x${text.replaceAll(/[^\n]/g, "")}`); // keeps the lines
  let depth = 0;
  for (const [index, line] of bare.split("\n").entries()) {
    if (DEEP_KEY.test(line)) return index + 1;
    for (const character of line) {
      if (character === "[" || character === "{") depth++;
      else if (character === "]" || character === "}") depth = Math.max(0, depth - 1);
      if (depth > MAX_DEPTH) return index + 1;
    }
  }
  return null;
}
