// Handles the common tasks of all programs: signals, errors, exit codes, and the flags --help and --version.

import { type Command, CommanderError } from "commander";
import { isExpected, messageOf, UsageError } from "../core/errors.ts";
import { shownSource } from "../core/shown-address.ts";
import { withoutKeys } from "../core/shown-key.ts";
import { EXIT } from "./exit-codes.ts";
import { GUARDED_SIGNALS, guardAgainstHangs } from "./hang-guard.ts";
import { printFailure, settleOutput } from "./output.ts";

/**
 * The time within which two signals count as one. One Ctrl-C may cause two signals: one from the terminal, and one that `bun run`
 * passes on.
 */
const SAME_INTERRUPT_MS = 500;
/**
 * The time limit for an orderly end, which usually takes less than a second. A program that takes longer probably waits for a
 * device or a disk that does not answer.
 */
const QUIT_PATIENCE_MS = 3_000;
/**
 * The shortest argument that is treated as an address with a password. Shorter words cannot be one, and may occur in any text.
 */
const SHORTEST_ADDRESS = 5;

/** Functions for a program that `runMain` runs. */
export interface ProgramControl {
  /** Does the same as a first signal. */
  stop: () => void;
  /** Makes signals end the program even while its main thread hangs. It starts a thread for that. */
  endEvenIfHung: () => void;
}

/**
 * Runs a program and exits with a code: 0 after a normal end or the first SIGINT or SIGTERM, 2 for wrong use, and 1 for other
 * errors. A second signal, half a second later, ends the program immediately. The program exits with 1 when it has not ended
 * within 3 s of the first signal. An expected error is one line on standard error, and a defect is shown with its stack.
 */
export async function runMain(
  program: (signal: AbortSignal, control: ProgramControl) => Promise<void>,
): Promise<never> {
  const stopping = new AbortController();
  let askedAt = 0;
  const stop = () => {
    if (!stopping.signal.aborted) setTimeout(exitAnyway, QUIT_PATIENCE_MS);
    stopping.abort();
  };
  const onSignal = () => {
    if (stopping.signal.aborted && performance.now() - askedAt > SAME_INTERRUPT_MS) process.exit(EXIT.interrupted);
    askedAt = performance.now();
    stop();
  };
  const install = () => {
    for (const name of GUARDED_SIGNALS) process.off(name, onSignal).on(name, onSignal);
  };
  install();
  const control = { stop, endEvenIfHung: () => guardAgainstHangs(install) };
  const code = await runToExitCode(() => program(stopping.signal, control), stopping.signal);
  await settleOutput();
  process.exit(code);
}

/** Exits with an error message, although the program has not ended. */
async function exitAnyway(): Promise<void> {
  const text = `the program has not ended ${QUIT_PATIENCE_MS / 1000} s after the signal: a device, a disk or a display does not answer`;
  printFailure(`${red("error:")} ${text}`);
  await settleOutput();
  process.exit(EXIT.failed);
}

/** Runs the program, and returns its exit code when it has ended. */
async function runToExitCode(program: () => Promise<void>, signal: AbortSignal): Promise<number> {
  try {
    await program();
    return EXIT.ok;
  } catch (error) {
    if (signal.aborted && error === signal.reason) return EXIT.ok;
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    // A defect is shown with its stack.
    const text = isExpected(error) ? `${red("error:")} ${messageOf(error)}` : Bun.inspect(error);
    printFailure(withoutTypedSecrets(text));
    return error instanceof UsageError ? EXIT.usage : EXIT.failed;
  }
}

/** Adds --version and --help, and makes runMain handle commander's errors. */
export function asProgram(command: Command, version: string): Command {
  return command
    .version(version, "-v, --version", "print the version and exit")
    .helpOption("-h, --help", "print this help and exit")
    .showHelpAfterError("(--help shows all options)")
    .configureOutput({ outputError: (text, write) => write(withoutTypedSecrets(withoutWords(text))) })
    .exitOverride();
}

/**
 * Removes words that are not options, values of unknown options, and wrong links from an error of commander, because they may be
 * keys or contain one: somebody may write --key=KEY.
 */
function withoutWords(text: string): string {
  return text
    .replace(/^(error: unknown option '[^=']*)=.*'/s, "$1'")
    .replace(/ (argument|value) '.*?@.*?' (is invalid)/s, " $1 $2") // a link that cannot be read
    .replace(/^(error: unknown command) '.*'/s, "$1")
    .replace(/^(error: too many arguments.*? but got \d+): .*/s, "$1.\n");
}

/** Removes the passwords of addresses on the command line, and keys, from an error, which may quote arguments. */
function withoutTypedSecrets(text: string): string {
  let shown = text;
  for (const typed of process.argv.slice(2)) {
    const value = typed.replace(/^-[^=]*=/, "");
    const isSecret = shownSource(value) !== value;
    if (isSecret && value.length >= SHORTEST_ADDRESS) shown = shown.replaceAll(value, shownSource(value));
  }
  return withoutKeys(shown);
}

/** Makes a text red on a terminal, unless the user has turned off colours (https://no-color.org). */
function red(text: string): string {
  return process.stderr.isTTY && !process.env["NO_COLOR"] ? `\x1b[31m${text}\x1b[0m` : text;
}
