// The state of another process, as the kernel knows it (Linux).

import { readdirSync, readFileSync } from "node:fs";

/** proc(5), field 3 of stat: D waits for a disk or a network file system, T is stopped by a signal, and t by a debugger. */
const HANGS = /^[DTt]$/;

/** Whether a thread of the process is stopped, or waits for a disk. False for a process that has ended, and on other systems. */
export function hangs(pid: number): boolean {
  const threads = `/proc/${pid}/task`;
  try {
    return readdirSync(threads).some((thread) =>
      HANGS.test(stateIn(readFileSync(`${threads}/${thread}/stat`, "latin1"))),
    );
  } catch {
    return false; // the process or one of its threads has ended, or this system has no such folder
  }
}

/** The name of a program, in parentheses before the state, may have any characters. */
function stateIn(stat: string): string {
  return stat.slice(stat.lastIndexOf(")") + 2)[0] ?? "";
}
