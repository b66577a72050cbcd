// Waits for the bytes of a pipe, counts them, and makes pipes larger (Linux only).

import { ptr } from "bun:ffi";
import { fstatSync } from "node:fs";
import { openLibc } from "./open-libc.ts";

const libc = openLibc({
  poll: { args: ["ptr", "u64", "i32"], returns: "i32" },
  fcntl: { args: ["i32", "i32", "i32"], returns: "i32" },
  ioctl: { args: ["i32", "u64", "ptr"], returns: "i32" },
});

/** Whether `waitForInput` can be used. It needs Linux. */
export const CAN_WAIT_FOR_INPUT = libc !== null;

/** Constants from uapi/asm-generic/poll.h, uapi/linux/fcntl.h and uapi/asm-generic/ioctls.h. */
const POLLIN = 0x1;
const F_SETPIPE_SZ = 1031;
const FIONREAD = 0x541b;

/** A pipe of the kernel has 64 KiB, and users may enlarge it to 1 MiB by default (pipe(7)). */
const USUAL_BYTES = 64 * 1024;
const MOST_BYTES = 1024 * 1024;

const request = new DataView(new ArrayBuffer(8));
const requestBytes = new Uint8Array(request.buffer);

/** Blocks this thread until bytes, the end or an error can be read, or until `timeoutMs` has passed. Returns whether one can. */
export function waitForInput(descriptor: number, timeoutMs: number): boolean {
  request.setInt32(0, descriptor, true);
  request.setInt16(4, POLLIN, true);
  request.setInt16(6, 0, true);
  return libc !== null && libc.poll(ptr(requestBytes), 1, timeoutMs) > 0;
}

/** Returns the number of bytes that wait in a pipe, a socket or a terminal. In a file no bytes wait. */
export function waitingBytes(descriptor: number): number {
  if (libc === null || fstatSync(descriptor).isFile()) return 0;
  const count = new Int32Array(1);
  return libc.ioctl(descriptor, FIONREAD, ptr(count)) === 0 ? (count[0] as number) : 0;
}

/**
 * Makes a pipe of frames larger, so that a frame passes with fewer switches between writer and reader. The pipe holds less than
 * half a frame, because a whole frame in it would become old there. What is not a pipe, or cannot become larger, is left as it is.
 */
export function enlargePipe(descriptor: number, frameBytes: number): void {
  const bytes = Math.min(MOST_BYTES, 2 ** Math.floor(Math.log2(frameBytes / 2)));
  if (bytes > USUAL_BYTES) libc?.fcntl(descriptor, F_SETPIPE_SZ, bytes);
}
