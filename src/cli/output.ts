// Prints the reports, log lines and answers of a program, for a terminal, for a pipe or as JSON. No other file prints.

import { isatty } from "node:tty";
import { MissingError } from "../core/errors.ts";
import type { LogFields, LogLevel } from "../core/log.ts";
import { onAbort } from "../core/on-abort.ts";
import { forJournal, isJournal } from "./journal.ts";
import { type OutputFailure, type OutputStream, standardError, standardOutput } from "./output-stream.ts";

/** One line of the log. */
export interface LogLine {
  at: Date;
  level: LogLevel;
  /** The subjects, for example `server`, or `camera` and the name of a camera. */
  subjects: readonly string[];
  text: string;
  fields: LogFields;
}

export interface OutputOptions {
  /** The subject of the program's own lines: `server` or `viewer`. */
  subject: string;
  /** Whether to print reports as JSON. */
  json: boolean;
  /** True if standard output is used for frames, so that reports go to standard error. */
  isStdoutTaken?: boolean;
  /** The object calls this when the reader of the reports has closed the pipe. */
  onReaderGone: () => void;
}

/** The time between two plain reports in a log file. */
const PLAIN_REPORT_MS = 10_000;

const isTerminal = isatty(2);
const hasJournal = isJournal();

/**
 * Prints the output of a program. On a terminal there is one status line, and log lines have the time of day. In a pipe each event
 * is one plain line with an ISO time stamp, its level and its subject. In the journal of systemd, its priority stands for time and
 * level. With JSON reports, log lines have only their text.
 *
 * No method waits for a reader. While nobody reads, at most 64 KiB of log lines and the newest report wait, and everything else
 * is dropped. A later log line tells how many lines are missing.
 */
export class Output {
  static #isStatusShown = false;
  /** True while the user is asked a question on the terminal. A status line would overwrite the question. */
  #isAsked = false;
  readonly #subject: string;
  readonly #json: boolean;
  readonly #reports: OutputStream;
  #lastPlainAt = Number.NEGATIVE_INFINITY;

  constructor({ subject, json, isStdoutTaken = false, onReaderGone }: OutputOptions) {
    this.#subject = subject;
    this.#json = json;
    this.#reports = isStdoutTaken ? standardError : standardOutput;
    standardOutput.events = {
      failed: (failure) => {
        if (failure.code !== "EPIPE")
          this.#say(`standard output cannot be written: ${explain(failure)}; reports are dropped`, "warning");
        else if (this.#json) onReaderGone();
      },
      caughtUp: (dropped) => this.#say(`nobody read standard output: ${dropped} reports were dropped`, "warning"),
    };
    standardError.events = {
      failed: ({ code }) => {
        if (code === "EPIPE" && json && isStdoutTaken) onReaderGone();
      },
      caughtUp: (dropped) => this.#say(`nobody read standard error: ${dropped} lines were dropped`, "warning"),
    };
  }

  /** Prints one line of the log on standard error. */
  log(line: LogLine): void {
    const text = this.#json ? remark(line) : isTerminal ? `${timeOfDay(line)} ${remark(line)}` : plain(line);
    printError(hasJournal && !this.#json ? forJournal(journalText(line), line.level) : text);
  }

  /** Prints one line for people on standard error. It is not a line of the log. */
  say(text: string): void {
    printError(hasJournal ? forJournal(text, "info") : text);
  }

  /** Prints a periodic report: the object as JSON, `line()` as status line, or `line()` as a plain line every 10 s. */
  report(object: object, line: () => string): void {
    if (this.#json) {
      this.#reports.writeNewest(`${JSON.stringify(object)}\n`, { counts: true });
    } else if (isTerminal) {
      if (this.#isAsked) return;
      const columns = process.stderr.columns || 80;
      standardError.writeNewest(`\r\x1b[2K${line().slice(0, columns - 1)}`, { counts: false });
      Output.#isStatusShown = true;
    } else if (performance.now() - this.#lastPlainAt >= PLAIN_REPORT_MS) {
      this.#lastPlainAt = performance.now();
      this.#say(line());
    }
  }

  /** Prints an event as JSON. Without JSON reports it prints nothing, because the log tells events to people. */
  event(object: object): void {
    if (this.#json) this.#reports.write(`${JSON.stringify(object)}\n`);
  }

  /** Shows no status line while `ask` asks the user a question on the terminal. */
  async whileAsked<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
    this.#isAsked = true;
    if (isTerminal) process.stderr.write(Output.takeStatus());
    try {
      return await ask();
    } finally {
      this.#isAsked = false;
    }
  }

  /** Prints the answer of a program on standard output, as `printAnswer` does: the object as JSON, or the text. */
  async answer(object: object, text: string, signal: AbortSignal): Promise<void> {
    await printAnswer(this.#json ? JSON.stringify(object) : text, signal);
  }

  /** Prints the last report: as JSON with `"final": true`, or as a plain line. Null prints no line. */
  final(object: object, line: string | null): void {
    if (this.#json) this.#reports.write(`${JSON.stringify({ ...object, final: true })}\n`);
    else if (line !== null) this.#say(line);
  }

  #say(text: string, level: LogLevel = "info"): void {
    this.log({ at: new Date(), level, subjects: [this.#subject], text, fields: {} });
  }

  /** Returns the text that removes the status line from the terminal, so that another line can be printed. */
  static takeStatus(): string {
    const isShown = Output.#isStatusShown;
    Output.#isStatusShown = false;
    return isShown ? "\r\x1b[2K" : "";
  }
}

/** Prints a text on standard error, in the place of the status line. */
function printError(text: string): void {
  standardError.write(`${Output.takeStatus()}${text}\n`);
}

/** Prints the error that ends a program. `text` is the form for a terminal. */
export function printFailure(text: string): void {
  printError(hasJournal ? forJournal(text, "error") : text);
}

/**
 * Prints text on standard output and waits until all of it is written, or `signal` aborts. If the reader closes the pipe, that is
 * no error. Throws MissingError when the text cannot be written.
 */
export async function printAnswer(text: string, signal: AbortSignal): Promise<void> {
  const stopped = Promise.withResolvers<null>();
  using _ = onAbort(signal, () => stopped.resolve(null));
  const failure = await Promise.race([standardOutput.writeAll(`${text}\n`), stopped.promise]);
  if (failure !== null && failure.code !== "EPIPE")
    throw new MissingError(`cannot write to standard output: ${explain(failure)}`);
}

/** Waits until all printed text is written, or until nobody reads it. */
export async function settleOutput(): Promise<void> {
  await standardOutput.settle();
  await standardError.settle();
}

/** Formats a log line for people. It begins with the name of the camera, if there is one. Debug lines also show the fields. */
function remark({ level, subjects, text, fields }: LogLine): string {
  if (level === "debug") return `debug ${subjects.join(":")} ${text}${formatFields(fields)}`;
  const [, name] = subjects;
  return name === undefined ? text : `${name}: ${text}`;
}

function timeOfDay({ at }: LogLine): string {
  return at.toTimeString().slice(0, 8);
}

function plain({ at, level, subjects, text, fields }: LogLine): string {
  return `${at.toISOString()} ${level} ${journalText({ subjects, text, fields })}`;
}

function journalText({ subjects, text, fields }: Pick<LogLine, "subjects" | "text" | "fields">): string {
  return `${subjects.join(":")} ${text}${formatFields(fields)}`;
}

function formatFields(fields: LogFields): string {
  return Object.entries(fields)
    .map(([name, value]) => ` ${name}=${typeof value === "string" ? JSON.stringify(value) : value}`)
    .join("");
}

const TEXTS: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  EFBIG: "the file has reached its largest size",
  EIO: "the terminal or the disk has failed",
};

function explain({ code, message }: OutputFailure): string {
  return TEXTS[code] ?? message;
}
