// Handles what is common to all programs: signals, errors, exit codes, and the flags --help and --version.

import { type Command, CommanderError } from "commander";
import { isExpected, messageOf, UsageError } from "../core/errors.ts";
import { EXIT } from "./exit-codes.ts";
import { Output } from "./output.ts";

/**
 * The time within which two signals count as one. One Ctrl-C may cause two signals: one from the terminal, and one that `bun run`
 * passes on.
 */
const SAME_INTERRUPT_MS = 500;

/**
 * Runs a program and exits with a code: 0 after a normal end or the first SIGINT or SIGTERM, 2 for wrong use, and 1 for other
 * errors. A second signal, half a second later, ends the program immediately. An expected error is one line on standard error, and
 * a defect is shown with its stack.
 */
export async function runMain(program: (signal: AbortSignal) => Promise<void>): Promise<never> {
  const stopping = new AbortController();
  let askedAt = 0;
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.on(name, () => {
      if (stopping.signal.aborted && performance.now() - askedAt > SAME_INTERRUPT_MS) process.exit(EXIT.interrupted);
      askedAt = performance.now();
      stopping.abort();
    });
  }
  try {
    await program(stopping.signal);
    process.exit(EXIT.ok);
  } catch (error) {
    if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? EXIT.ok : EXIT.usage);
    Output.clearStatus();
    if (isExpected(error)) process.stderr.write(`${red("error:")} ${messageOf(error)}\n`);
    else console.error(error); // This is a defect, so its stack is shown.
    process.exit(error instanceof UsageError ? EXIT.usage : EXIT.failed);
  }
}

/** Adds --version and --help, and makes runMain handle commander's errors. */
export function asProgram(command: Command, version: string): Command {
  return command
    .version(version, "-v, --version", "print the version and exit")
    .helpOption("-h, --help", "print this help and exit")
    .showHelpAfterError("(--help shows all options)")
    .exitOverride();
}

/** Makes a text red on a terminal, unless the user has turned off colours (https://no-color.org). */
function red(text: string): string {
  return process.stderr.isTTY && !process.env["NO_COLOR"] ? `\x1b[31m${text}\x1b[0m` : text;
}
