// What the main.ts files have in common: signals, exit codes and where output goes. Nothing else prints or exits.

import { writeSync } from "node:fs";
import { type Command, CommanderError, InvalidArgumentError } from "commander";
import { codeOf, isExpected, messageOf, UsageError } from "../core/errors.ts";

/** Conventional exit codes: 2 for wrong use (as of shells and getopt), 130 for a second Ctrl-C (128 + SIGINT). */
const EXIT = { ok: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/** For the end of `--help`. */
export const EXIT_CODES = `
Exit codes: 0 ended as it should (a limit, Ctrl-C, the end of what there is), 1 something stopped it, 2 wrong use.`;

/**
 * Runs a program and exits with its code: 0 after its end or the first SIGINT or SIGTERM (a second one,
 * half a second later, ends it at once), 2 for wrong use, 1 for
 * whatever else stops it. Expected errors are one line on standard error; a defect shows its stack.
 */
export async function runMain(program: (signal: AbortSignal) => Promise<void>): Promise<never> {
  const stopping = new AbortController();
  let askedAt = 0;
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.on(name, () => {
      // Of one Ctrl-C two signals may come: the terminal's and the one that 'bun run' passes on.
      if (stopping.signal.aborted && performance.now() - askedAt > 500) process.exit(EXIT.interrupted);
      askedAt = performance.now();
      stopping.abort();
    });
  }
  try {
    await program(stopping.signal);
    process.exit(EXIT.ok);
  } catch (error) {
    if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? EXIT.ok : EXIT.usage);
    Screenful.clearStatus();
    if (isExpected(error)) process.stderr.write(`${red("error:")} ${messageOf(error)}\n`);
    else console.error(error); // a defect, with its stack
    process.exit(error instanceof UsageError ? EXIT.usage : EXIT.failed);
  }
}

/** An option parser for commander: a whole number in a range, or an error that names the range. */
export function wholeNumber(from: number, to: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < from || value > to) {
      throw new InvalidArgumentError(`It must be a whole number from ${from} to ${to}.`);
    }
    return value;
  };
}

/** The same for numbers with a fraction. */
export function number(from: number, to: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === "" || !(value >= from && value <= to)) {
      throw new InvalidArgumentError(`It must be a number from ${from} to ${to}.`);
    }
    return value;
  };
}

/** Lets a UsageError of `parse` reach the user as an error of that option. */
export function parsed<T>(parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text);
    } catch (error) {
      if (error instanceof UsageError) throw new InvalidArgumentError(`${error.message}.`);
      throw error;
    }
  };
}

/** Settings that both programs' command lines share. */
export function asProgram(command: Command, version: string): Command {
  return command
    .version(version, "-v, --version", "print the version and exit")
    .helpOption("-h, --help", "print this help and exit")
    .showHelpAfterError("(--help shows all options)")
    .exitOverride();
}

/** Where reports and remarks go: JSON lines for programs, one status line on a terminal, plain lines elsewhere. */
export class Screenful {
  static #statusShown = false;
  readonly #json: boolean;
  readonly #jsonStream: 1 | 2;
  #lastPlainAt = 0;

  /** `jsonStream` 2 (standard error) where standard output is taken by frames. */
  constructor(json: boolean, jsonStream: 1 | 2 = 1) {
    this.#json = json;
    this.#jsonStream = jsonStream;
  }

  /** One remark, on standard error. */
  say(text: string): void {
    Screenful.clearStatus();
    const time = new Date().toTimeString().slice(0, 8);
    process.stderr.write(`${this.#json ? text : `${time} ${text}`}\n`); // console.error would be red on a terminal
  }

  /** A periodic report: the object where JSON is wanted, else `line()` as status line, or each 10 s as a plain line. */
  report(object: object, line: () => string): void {
    if (this.#json) {
      writeLine(this.#jsonStream, JSON.stringify(object));
    } else if (process.stderr.isTTY) {
      const columns = process.stderr.columns || 80;
      process.stderr.write(`\r\x1b[2K${line().slice(0, columns - 1)}`);
      Screenful.#statusShown = true;
    } else if (performance.now() - this.#lastPlainAt >= 10_000) {
      this.#lastPlainAt = performance.now();
      this.say(line());
    }
  }

  /** What the program was asked for: the object where JSON is wanted, else the text; on standard output. */
  answer(object: object, text: string): void {
    writeLine(1, this.#json ? JSON.stringify(object) : text);
  }

  /** The last report: with `"final": true` where JSON is wanted, else a plain line. */
  final(object: object, line: string): void {
    if (this.#json) writeLine(this.#jsonStream, JSON.stringify({ ...object, final: true }));
    else this.say(line);
  }

  static clearStatus(): void {
    if (Screenful.#statusShown) process.stderr.write("\r\x1b[2K");
    Screenful.#statusShown = false;
  }
}

/** On a terminal whose user wants colours (https://no-color.org). */
function red(text: string): string {
  return process.stderr.isTTY && !process.env["NO_COLOR"] ? `\x1b[31m${text}\x1b[0m` : text;
}

function writeLine(stream: 1 | 2, line: string): void {
  try {
    writeSync(stream, `${line}\n`);
  } catch (error) {
    if (codeOf(error) === "EPIPE") process.exit(EXIT.ok); // whoever read the reports has enough
    if (codeOf(error) !== "EAGAIN") throw error; // a reader that stalls loses a report, not the stream
  }
}
