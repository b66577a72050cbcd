// What all programs have in common: signals, errors, exit codes and the flags --help and --version.

import { type Command, CommanderError } from "commander";
import { isExpected, messageOf, UsageError } from "../core/errors.ts";
import { EXIT } from "./exit-codes.ts";
import { Output } from "./output.ts";

/** One Ctrl-C may come as two signals: one from the terminal, one that `bun run` passes on. */
const SAME_INTERRUPT_MS = 500;

/**
 * Runs a program and exits with its code: 0 after its end or the first SIGINT or SIGTERM, 2 for wrong use, 1 for anything else
 * that stops it. A second signal, half a second later, ends it at once. An expected error is one line on standard error; a
 * defect shows its stack.
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
    else console.error(error); // a defect, with its stack
    process.exit(error instanceof UsageError ? EXIT.usage : EXIT.failed);
  }
}

/** Adds what all programs share: --version, --help, and errors that end through runMain. */
export function asProgram(command: Command, version: string): Command {
  return command
    .version(version, "-v, --version", "print the version and exit")
    .helpOption("-h, --help", "print this help and exit")
    .showHelpAfterError("(--help shows all options)")
    .exitOverride();
}

/** Red on a terminal, unless the user has asked for no colours (https://no-color.org). */
function red(text: string): string {
  return process.stderr.isTTY && !process.env["NO_COLOR"] ? `\x1b[31m${text}\x1b[0m` : text;
}
