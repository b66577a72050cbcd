// Computes how many connections a process may have open. Beyond the limit of open files, no connection is accepted and no source can be
// opened.

import { readdirSync, readFileSync } from "node:fs";
import { codeOf } from "../../core/errors.ts";
import type { AccessLimits } from "./limits.ts";

/** Kept for the first source, its pipes and threads, connections that are being refused, the trace and files. */
const RESERVE = 32;
/** Kept for each further source: the pipes of a program and its start. */
const RESERVE_OF_SOURCE = 4;
/** This share of what is left is for connections that have not sent Hello. */
const GREETING_SHARE = 0.25;

/** How many more files this process may open; null where /proc is missing. */
export function freeFiles(): number | null {
  try {
    const limits = readFileSync("/proc/self/limits", "utf8");
    const most = Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? Number.NaN); // NaN: unlimited
    return Number.isNaN(most) ? null : most - readdirSync("/proc/self/fd").length;
  } catch (error) {
    if (codeOf(error) === "EMFILE") return 0;
    return null; // not Linux, or /proc is not mounted
  }
}

/** Lowers the numbers of viewers and greetings to what `free` files allow beside the sources. Each is at least 1. */
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
