// The form of lines for the journal of systemd, which keeps the time of each line itself.

import { fstatSync } from "node:fs";
import type { LogLevel } from "../core/log.ts";

/** The priorities of syslog (sd-daemon(3)). */
const PRIORITIES: Readonly<Record<LogLevel, number>> = { debug: 7, info: 6, warning: 4, error: 3 };

/**
 * Returns whether standard error goes to the journal. JOURNAL_STREAM has the device and inode of the stream, because a program may
 * inherit the variable and have another standard error (systemd.exec(5)).
 */
export function isJournal(variable = process.env["JOURNAL_STREAM"], descriptor = 2): boolean {
  if (variable === undefined) return false;
  try {
    const { dev, ino } = fstatSync(descriptor, { bigint: true });
    return variable === `${dev}:${ino}`;
  } catch {
    return false; // standard error is closed
  }
}

/** Returns the text with the priority in front of each line, for example `<6>server serving`. */
export function forJournal(text: string, level: LogLevel): string {
  return text.replace(/^/gm, `<${PRIORITIES[level]}>`);
}
