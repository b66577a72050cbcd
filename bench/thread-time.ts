// The processor time of the calling thread: the cost of a call, even while other programs use the same processor.

import { dlopen, FFIType } from "bun:ffi";

/** time.h of Linux. */
const CLOCK_THREAD_CPUTIME_ID = 3;

/**
 * Returns a clock in milliseconds that stops while the thread does not run. `process.threadCpuUsage()` is read from
 * getrusage(2), which is up to a scheduler's tick (4 ms) old. On systems other than Linux the clock is the time of day.
 */
export function threadClock(): () => number {
  if (process.platform !== "linux") return () => performance.now();
  const libc = dlopen("libc.so.6", { clock_gettime: { args: [FFIType.i32, FFIType.ptr], returns: FFIType.i32 } });
  const time = new BigInt64Array(2); // struct timespec of 64-bit Linux has seconds and nanoseconds
  return () => {
    libc.symbols.clock_gettime(CLOCK_THREAD_CPUTIME_ID, time);
    return Number(time[0]) * 1e3 + Number(time[1]) / 1e6;
  };
}
