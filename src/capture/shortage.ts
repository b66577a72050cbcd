// Recognises that the system lacks something for a moment: open files, processes or memory. A source waits for it and does not end.

import { codeOf, SourceError } from "../core/errors.ts";

/** open(2), fork(2). */
const TEXTS: Readonly<Record<string, string>> = {
  EMFILE: "this process has too many open files (ulimit -n)",
  ENFILE: "this machine has too many open files",
  EAGAIN: "this machine has too many processes (ulimit -u)",
  ENOMEM: "this machine has too little memory",
};

/** Returns an error that is tried again, or null when `error` is none of these. Errors that are SourceErrors already stay as they are. */
export function shortageOf(name: string, error: unknown): SourceError | null {
  const text = TEXTS[codeOf(error) ?? ""];
  if (text === undefined || error instanceof SourceError) return null;
  return new SourceError(`cannot read ${name}: ${text}`, { retry: "soon", cause: error });
}
