// Explanations of the operating system's file errors, in words.

import { codeOf, messageOf } from "./errors.ts";

const TEXTS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  ENOTDIR: "there is no such file",
  EISDIR: "it is a folder",
  EACCES: "no permission",
  EROFS: "the file system is read-only",
};

/**
 * Explains why a file cannot be opened. `special` maps error names to texts that replace the usual ones. Other errors keep their
 * own text.
 */
export function explainFileError(error: unknown, special: Readonly<Record<string, string>> = {}): string {
  const code = codeOf(error) ?? "";
  return special[code] ?? TEXTS[code] ?? messageOf(error);
}
