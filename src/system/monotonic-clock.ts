// The clock CLOCK_MONOTONIC of Linux, which is the same in all threads and in the kernel's stamps.

import { ptr } from "bun:ffi";
import { openLibc } from "./open-libc.ts";

const CLOCK_MONOTONIC = 1;
/** The result of clock_gettime(2): seconds and nanoseconds with 64 bits each. Only the lower halves are read. */
const timespec = new Uint32Array(4);
const libc = openLibc({ clock_gettime: { args: ["i32", "ptr"], returns: "i32" } });

/** Returns the time of CLOCK_MONOTONIC in microseconds. The kernel uses this clock for frames. Throws if openLibc returns null. */
export function monotonicMicros(): number {
  if (libc === null) throw new Error("the C library cannot be opened on this system");
  libc.clock_gettime(CLOCK_MONOTONIC, ptr(timespec));
  return (timespec[0] as number) * 1e6 + (timespec[2] as number) / 1e3;
}
