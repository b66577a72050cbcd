// Reads the file with a key that --key-file names.

import { UsageError } from "../core/errors.ts";
import { readPrivateFile } from "./private-file.ts";

/**
 * Returns the key in a file. Throws UsageError if the file is missing, or if other users can read it. The error for a missing file
 * does not quote the path, because users may write the key itself in its place.
 */
export function readKeyFile(path: string): string {
  const text = readPrivateFile(path);
  if (text === null) {
    throw new UsageError(
      "the key file does not exist: check the path after key-file (it is not shown here, because it may be a key)",
    );
  }
  return text.trim();
}
