// Limits of a settings file, checked before it is parsed: the parser's time grows with the square of the depth.

/** 64 cameras with all their settings and comments are far smaller. */
export const MAX_FILE_BYTES = 256 * 1024;
/** The deepest setting is a control of a camera: a table in a table in a list. */
const MAX_DEPTH = 8;

/** Strings in quotes, which may hold any brackets and dots, and comments. TOML's multi-line strings come first. */
const QUOTED = /"""[\s\S]*?"""|'''[\s\S]*?'''|"(?:\\.|[^"\\\n])*"|'[^'\n]*'|#[^\n]*/g;
const DEEP_KEY = new RegExp(`(?:[\\w-]+[ \\t]*\\.[ \\t]*){${MAX_DEPTH}}`);

/** Returns the line of the first place that is nested too deeply, counted from 1; null if there is none. */
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
