// The state of another process, as the kernel knows it (Linux).

import { readdirSync, readFileSync } from "node:fs";

/** proc(5), field 3 of stat: D waits for a disk or a network file system, T is stopped by a signal, and t by a debugger. */
const HANGS = /^[DTt]$/;

/**
 * The functions of the kernel in which a thread sleeps for a time (kernel/time/hrtimer.c). A sleep that SIGCONT has interrupted goes on
 * in restart_syscall(2), and then only the entry of system calls is named.
 */
const SLEEPS_FOR_A_TIME = /nanosleep|syscall|svc/;

/**
 * Whether a process does nothing that ends by itself: one of its threads is stopped or waits for a disk, or none works or sleeps for a
 * time. A thread that reads from a file system in user space (FUSE) only sleeps. False for a process that has ended, and on other
 * systems. The kernel may not tell where threads sleep; then such a sleep is no hang. The kernel is asked about each thread.
 */
export function hangs(pid: number): boolean {
  try {
    const threads = readdirSync(`/proc/${pid}/task`).map((thread) => `/proc/${pid}/task/${thread}`);
    const states = threads.map((thread) => stateIn(readFileSync(`${thread}/stat`, "latin1")));
    if (states.some((state) => HANGS.test(state))) return true;
    return states.every((state) => state === "S") && threads.every(sleepsWithoutEnd);
  } catch {
    return false; // the process or one of its threads has ended, or this system has no such folder
  }
}

/** Whether the kernel tells where a thread sleeps (proc(5), wchan), and it is no sleep for a time. */
function sleepsWithoutEnd(thread: string): boolean {
  const where = readFileSync(`${thread}/wchan`, "latin1");
  return where !== "" && where !== "0" && !SLEEPS_FOR_A_TIME.test(where);
}

/** The name of a program, in parentheses before the state, may have any characters. */
function stateIn(stat: string): string {
  return stat.slice(stat.lastIndexOf(")") + 2)[0] ?? "";
}
