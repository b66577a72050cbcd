// Computes how many connections this process may have. When the system's limit of open files is reached, no connection can be
// accepted and no source can be opened.

import { readdirSync, readFileSync, statSync } from "node:fs";
import { codeOf } from "../../core/errors.ts";
import type { AccessLimits } from "./limits.ts";

/**
 * The number of files that are kept free for the first source with its pipes and threads, for connections that are being refused,
 * for the trace and for other files.
 */
const RESERVE = 32;
/** The number of files that are kept free for each further source, which may start a program with pipes. */
const RESERVE_OF_SOURCE = 4;
/** The share of the remaining files for connections that have not sent Hello. */
const GREETING_SHARE = 0.25;

/** Returns the number of files that this process has open, or null where /proc is missing. */
export function openFiles(): number | null {
  try {
    // The size of the folder is the number of its entries since Linux 6.2. It is read in microseconds.
    return statSync("/proc/self/fd").size || readdirSync("/proc/self/fd").length;
  } catch (error) {
    if (codeOf(error) === "EMFILE") return Number.POSITIVE_INFINITY;
    return null; // not Linux, or /proc is not mounted
  }
}

/** Returns how many more files this process may open, or null where /proc is missing. */
export function freeFiles(): number | null {
  try {
    const limits = readFileSync("/proc/self/limits", "utf8");
    const most = Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? Number.NaN); // NaN: unlimited
    const open = openFiles();
    return Number.isNaN(most) || open === null ? null : Math.max(0, most - open);
  } catch (error) {
    if (codeOf(error) === "EMFILE") return 0;
    return null; // not Linux, or /proc is not mounted
  }
}

/**
 * Lowers the limits of viewers and of connections without Hello, so that they and the sources fit into `free` files. Each limit
 * stays at least 1.
 */
export function withinFiles(limits: AccessLimits, free: number | null, sources: number): AccessLimits {
  if (free === null) return limits;
  const connections = Math.max(2, free - RESERVE - RESERVE_OF_SOURCE * (sources - 1));
  const greetings = Math.max(1, Math.floor(connections * GREETING_SHARE));
  return {
    ...limits,
    maxGreetings: Math.min(limits.maxGreetings, greetings),
    maxViewers: Math.min(limits.maxViewers, connections - greetings),
  };
}
