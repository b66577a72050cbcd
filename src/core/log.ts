// The log as the parts of Slipstream see it: levels, and subjects such as `deliver` or `capture:door`.
//
// Programs hand in a log made with LogTape (src/cli/log.ts), whose loggers have this shape; a test or a page may hand in any other.

export const LOG_LEVELS = ["debug", "info", "warning", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** What belongs to a line beside its text: numbers, names, addresses. Never a key or a password. */
export type LogFields = Record<string, string | number | boolean | null>;

export interface Log {
  /** The way of a single frame or message; off unless asked for. Ask `isEnabledFor` first inside a frame's path. */
  debug(text: string, fields?: LogFields): void;
  /** What an operator wants to know: a camera opened, a viewer connected. */
  info(text: string, fields?: LogFields): void;
  /** Something is wrong and the program goes on. */
  warning(text: string, fields?: LogFields): void;
  /** Something has ended because of this. */
  error(text: string, fields?: LogFields): void;
  isEnabledFor(level: LogLevel): boolean;
  /** The log of a part: `deliver`, or `capture` and below it a camera's name. */
  getChild(subject: string): Log;
}

/** Says nothing; the default of the library. */
export const SILENT_LOG: Log = {
  debug: () => undefined,
  info: () => undefined,
  warning: () => undefined,
  error: () => undefined,
  isEnabledFor: () => false,
  getChild: () => SILENT_LOG,
};

/** A log that hands every line from `info` up to one function, with its subjects: for tests and small programs. */
export function lineLog(write: (text: string, level: LogLevel, subjects: readonly string[]) => void): Log {
  return subjectLog(write, []);
}

function subjectLog(write: Parameters<typeof lineLog>[0], subjects: readonly string[]): Log {
  return {
    debug: () => undefined,
    info: (text) => write(text, "info", subjects),
    warning: (text) => write(text, "warning", subjects),
    error: (text) => write(text, "error", subjects),
    isEnabledFor: (level) => level !== "debug",
    getChild: (subject) => subjectLog(write, [...subjects, subject]),
  };
}

/** A log that is looked up for each line. A camera's log has the camera's name, which is known only after its source is opened. */
export function lateLog(find: () => Log): Log {
  return {
    debug: (text, fields) => find().debug(text, fields),
    info: (text, fields) => find().info(text, fields),
    warning: (text, fields) => find().warning(text, fields),
    error: (text, fields) => find().error(text, fields),
    isEnabledFor: (level) => find().isEnabledFor(level),
    getChild: (subject) => lateLog(() => find().getChild(subject)),
  };
}
