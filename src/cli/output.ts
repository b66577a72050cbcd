// Prints reports, log lines and answers of a program, for a terminal, for a pipe or as JSON. No other file prints.

import { writeSync } from "node:fs";
import { codeOf } from "../core/errors.ts";
import type { LogFields, LogLevel } from "../core/log.ts";
import { EXIT } from "./exit-codes.ts";

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
}

/** The time between two plain reports in a log file. */
const PLAIN_REPORT_MS = 10_000;

/**
 * Prints the output of a program. On a terminal there is one status line, and log lines have the time of day. In a service or a
 * pipe each event is one plain line with an ISO time stamp, its level and its subject. With JSON reports, log lines have only their
 * text.
 */
export class Output {
  static #isStatusShown = false;
  readonly #subject: string;
  readonly #json: boolean;
  readonly #jsonStream: 1 | 2;
  #lastPlainAt = Number.NEGATIVE_INFINITY;

  constructor({ subject, json, isStdoutTaken = false }: OutputOptions) {
    this.#subject = subject;
    this.#json = json;
    this.#jsonStream = isStdoutTaken ? 2 : 1;
  }

  /** Prints one line of the log on standard error. */
  log(line: LogLine): void {
    Output.clearStatus();
    const text = this.#json ? remark(line) : process.stderr.isTTY ? `${timeOfDay(line)} ${remark(line)}` : plain(line);
    process.stderr.write(`${text}\n`); // console.error would print red text on a terminal.
  }

  /** Prints a periodic report: the object as JSON, `line()` as status line, or `line()` as a plain line every 10 s. */
  report(object: object, line: () => string): void {
    if (this.#json) {
      writeLine(this.#jsonStream, JSON.stringify(object));
    } else if (process.stderr.isTTY) {
      const columns = process.stderr.columns || 80;
      process.stderr.write(`\r\x1b[2K${line().slice(0, columns - 1)}`);
      Output.#isStatusShown = true;
    } else if (performance.now() - this.#lastPlainAt >= PLAIN_REPORT_MS) {
      this.#lastPlainAt = performance.now();
      this.#say(line());
    }
  }

  /** Prints the answer of a program on standard output: the object as JSON, or the text. */
  answer(object: object, text: string): void {
    writeLine(1, this.#json ? JSON.stringify(object) : text);
  }

  /** Prints the last report: as JSON with `"final": true`, or as a plain line. */
  final(object: object, line: string): void {
    if (this.#json) writeLine(this.#jsonStream, JSON.stringify({ ...object, final: true }));
    else this.#say(line);
  }

  #say(text: string): void {
    this.log({ at: new Date(), level: "info", subjects: [this.#subject], text, fields: {} });
  }

  /** Removes the status line from the terminal, so that another line can be printed. */
  static clearStatus(): void {
    if (Output.#isStatusShown) process.stderr.write("\r\x1b[2K");
    Output.#isStatusShown = false;
  }
}

/** Formats a line for people. The name of a camera comes first. Debug lines also show the fields. */
function remark({ level, subjects, text, fields }: LogLine): string {
  if (level === "debug") return `debug ${subjects.join(":")} ${text}${formatFields(fields)}`;
  const [, name] = subjects;
  return name === undefined ? text : `${name}: ${text}`;
}

function timeOfDay({ at }: LogLine): string {
  return at.toTimeString().slice(0, 8);
}

function plain({ at, level, subjects, text, fields }: LogLine): string {
  return `${at.toISOString()} ${level} ${subjects.join(":")} ${text}${formatFields(fields)}`;
}

function formatFields(fields: LogFields): string {
  return Object.entries(fields)
    .map(([name, value]) => ` ${name}=${typeof value === "string" ? JSON.stringify(value) : value}`)
    .join("");
}

function writeLine(stream: 1 | 2, line: string): void {
  try {
    writeSync(stream, `${line}\n`);
  } catch (error) {
    if (codeOf(error) === "EPIPE") process.exit(EXIT.ok); // The reader of the reports has closed the pipe.
    if (codeOf(error) !== "EAGAIN") throw error; // A reader that stops reading loses reports, and the stream goes on.
  }
}
