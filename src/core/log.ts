// The interface of the log for all parts of Slipstream. It has levels, and subjects like `deliver` or `capture:door`.
//
// Programs pass a log made with LogTape (src/cli/log.ts), whose loggers have this interface. Tests and web pages may pass another
// one.

export const LOG_LEVELS = ["debug", "info", "warning", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** The data of a log line in addition to its text: numbers, names, addresses. It must never contain a key or a password. */
export type LogFields = Record<string, string | number | boolean | null>;

export interface Log {
  /**
   * Reports a step of a single frame or message. This level is off by default. Code that runs for each frame asks `isEnabledFor`
   * first, so that it builds no text for a line that nobody reads.
   */
  debug(text: string, fields?: LogFields): void;
  /** Reports what an operator wants to know, for example that a camera opened or a viewer connected. */
  info(text: string, fields?: LogFields): void;
  /** Reports that something is wrong while the program goes on. */
  warning(text: string, fields?: LogFields): void;
  /** Reports the reason why a part of the program ended. */
  error(text: string, fields?: LogFields): void;
  isEnabledFor(level: LogLevel): boolean;
  /**
   * Returns a log whose lines have `subject` below the subject of this one, for example `deliver`, or a camera's name below
   * `capture`.
   */
  getChild(subject: string): Log;
}

/** A log that drops every line. It is the library's default. */
export const SILENT_LOG: Log = {
  debug: () => undefined,
  info: () => undefined,
  warning: () => undefined,
  error: () => undefined,
  isEnabledFor: () => false,
  getChild: () => SILENT_LOG,
};

/** Makes a log for tests and small programs. It passes every line from level `info` up, with its subjects, to one function. */
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

/**
 * Makes a log that asks `find` for the real log at each line. A camera's log needs this, because its subject is the camera's
 * name, which is known only after the source is opened.
 */
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
