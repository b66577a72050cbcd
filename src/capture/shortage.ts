// Recognises errors about a temporary shortage of open files, processes or memory. A source then waits and tries again.

import { codeOf, SourceError } from "../core/errors.ts";

/** The texts for the error codes of open(2) and fork(2). */
const TEXTS: Readonly<Record<string, string>> = {
  EMFILE: "this process has too many open files (ulimit -n)",
  ENFILE: "this machine has too many open files",
  EAGAIN: "this machine has too many processes (ulimit -u)",
  ENOMEM: "this machine has too little memory",
};

/**
 * Returns a SourceError after which the source is tried again, or null when `error` is not a shortage. An error that is already a
 * SourceError is returned unchanged.
 */
export function shortageOf(name: string, error: unknown): SourceError | null {
  const text = TEXTS[codeOf(error) ?? ""];
  if (text === undefined || error instanceof SourceError) return null;
  return new SourceError(`cannot read ${name}: ${text}`, { retry: "soon", cause: error });
}
