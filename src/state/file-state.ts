// Tells whether files have changed, for files that are checked again and again. Watching them instead would miss changes of links and
// folders, and changes on network file systems.

import { stat } from "node:fs/promises";
import { explainFileError } from "../core/file-errors.ts";

/** Returns a text that differs after every change of the files, and after their removal. */
export async function stateOfFiles(paths: readonly string[]): Promise<string> {
  const states = await Promise.all(
    paths.map((path) =>
      stat(path).then(
        ({ ino, size, mtimeMs, ctimeMs }) => [ino, size, mtimeMs, ctimeMs].join(" "),
        (error: unknown) => explainFileError(error),
      ),
    ),
  );
  return states.join(" | ");
}
