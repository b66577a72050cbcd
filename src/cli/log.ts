// The log of the programs. LogTape decides by level and subject which lines are printed.

import type { Logger } from "@logtape/logtape";
import { closestMatch } from "leven";
import { UsageError } from "../core/errors.ts";
import { LOG_LEVELS, type Log, type LogFields, type LogLevel } from "../core/log.ts";
import type { LogLine } from "./output.ts";

export interface LogOptions {
  /** The value of `--log-level`, which applies to all subjects that SLIPSTREAM_LOG does not name. */
  level: LogLevel | undefined;
  /** The value of SLIPSTREAM_LOG. */
  variable: string | undefined;
  /** The subjects of the program's lines. For any other name in SLIPSTREAM_LOG there is a warning. */
  subjects: readonly string[];
  write: (line: LogLine) => void;
}

/** The subjects of the log lines of `serve`. With several cameras a subject also has the name of the camera: `capture:door`. */
export const SERVE_SUBJECTS = ["server", "capture", "camera", "encode", "deliver", "record", "motion"] as const;
/** The subjects of the log lines of `view`. With `--grid` a subject also has the name of the camera: `viewer:door`. */
export const VIEW_SUBJECTS = ["viewer"] as const;

/** The first category (a term of LogTape) of all our loggers. It separates them from the loggers of libraries. */
const ROOT = "slipstream";

/**
 * Opens the log of this process. Each process has one log. Throws UsageError for a value of SLIPSTREAM_LOG that cannot be used.
 */
export async function openLog({ level, variable, subjects, write }: LogOptions): Promise<Log> {
  const levels = parseLogLevels(variable ?? "");
  // Loading LogTape takes about 10 ms, and --help does not need it.
  const { configure, getLogger } = await import("@logtape/logtape");
  const sink = ({ timestamp, level: recordLevel, category, message, properties }: LogRecordOfOurs) =>
    write({
      at: new Date(timestamp),
      level: recordLevel as LogLevel,
      subjects: category.slice(1),
      text: String(message[0]),
      fields: properties as LogFields,
    });
  await configure<"output", never>({
    sinks: { output: sink },
    loggers: [
      { category: ["logtape", "meta"], sinks: ["output"], lowestLevel: "error" },
      { category: [ROOT], sinks: ["output"], lowestLevel: level ?? levels.forAll ?? "info" },
      ...[...levels.bySubject].map(([subject, lowestLevel]) => ({
        category: [ROOT, ...subject.split(":")],
        sinks: ["output" as const],
        parentSinks: "override" as const, // so that a line is printed once, and the level of the nearest subject decides
        lowestLevel,
      })),
    ],
  });
  const log = new LogTapeLog(getLogger([ROOT]));
  for (const subject of levels.bySubject.keys()) {
    const name = subject.split(":")[0] ?? "";
    if (subjects.includes(name)) continue;
    const meant = closestMatch(name, subjects);
    log.warning(
      `SLIPSTREAM_LOG: there is no subject '${name}': the nearest is '${meant}' (subjects: ${subjects.join(", ")})`,
    );
  }
  return log;
}

type LogRecordOfOurs = Parameters<import("@logtape/logtape").Sink>[0];

export interface LogLevels {
  forAll: LogLevel | undefined;
  /** The levels by subject. Subjects are joined with colons, for example `capture:door`. */
  bySubject: Map<string, LogLevel>;
}

/** Parses texts like `debug`, `deliver:debug,capture=warning` or `capture:door:debug`. Throws UsageError for other text. */
export function parseLogLevels(text: string): LogLevels {
  const levels: LogLevels = { forAll: undefined, bySubject: new Map() };
  for (const part of text.split(",").map((each) => each.trim())) {
    if (part === "") continue;
    const [, subject, name] = /^(?:(.+)[:=])?([^:=]+)$/.exec(part) ?? [];
    const level = LOG_LEVELS.find((each) => each === name);
    if (level === undefined) {
      throw new UsageError(
        `SLIPSTREAM_LOG: '${part}' is not a level: write LEVEL or SUBJECT:LEVEL, separated by commas, for example deliver:debug (levels: ${LOG_LEVELS.join(", ")})`,
      );
    }
    if (subject === undefined) levels.forAll = level;
    else levels.bySubject.set(subject, level);
  }
  return levels;
}

/**
 * A log that emits records to LogTape directly. LogTape's methods for text are not used, because they treat it as a template, and
 * our texts may contain braces.
 */
class LogTapeLog implements Log {
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  debug(text: string, fields?: LogFields): void {
    this.#emit("debug", text, fields);
  }

  info(text: string, fields?: LogFields): void {
    this.#emit("info", text, fields);
  }

  warning(text: string, fields?: LogFields): void {
    this.#emit("warning", text, fields);
  }

  error(text: string, fields?: LogFields): void {
    this.#emit("error", text, fields);
  }

  isEnabledFor(level: LogLevel): boolean {
    return this.#logger.isEnabledFor(level);
  }

  getChild(subject: string): Log {
    return new LogTapeLog(this.#logger.getChild(subject));
  }

  #emit(level: LogLevel, text: string, fields: LogFields = {}): void {
    if (!this.#logger.isEnabledFor(level)) return;
    this.#logger.emit({ level, message: [text], rawMessage: text, timestamp: Date.now(), properties: fields });
  }
}
