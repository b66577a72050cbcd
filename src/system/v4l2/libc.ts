// Calls the C library through bun:ffi: it opens a device, sends requests to it, maps its memory and waits for it.

import { type Pointer, ptr, read } from "bun:ffi";
import { constants } from "node:os";
import { viewOf } from "../memory.ts";
import { openLibc } from "../open-libc.ts";

const FUNCTIONS = {
  open: { args: ["ptr", "i32"], returns: "i32" },
  close: { args: ["i32"], returns: "i32" },
  ioctl: { args: ["i32", "u64", "ptr"], returns: "i32" },
  write: { args: ["i32", "ptr", "usize"], returns: "i64" },
  mmap: { args: ["usize", "usize", "i32", "i32", "i32", "i64"], returns: "i64" },
  munmap: { args: ["ptr", "usize"], returns: "i32" },
  poll: { args: ["ptr", "u64", "i32"], returns: "i32" },
  signal: { args: ["i32", "ptr"], returns: "ptr" },
  __errno_location: { args: [], returns: "ptr" },
} as const;

type Libc = NonNullable<ReturnType<typeof openLibc<typeof FUNCTIONS>>>;
let loaded: Libc | null | undefined;

/**
 * Returns whether V4L2 can be used. This needs Linux on x86-64 or arm64, whose layouts are known, and a C library that can be
 * loaded.
 */
export function hasLibc(): boolean {
  return load() !== null;
}

function load(): Libc | null {
  if (loaded === undefined) loaded = openLibc(FUNCTIONS);
  return loaded;
}

function libc(): Libc {
  const symbols = load();
  if (symbols === null) throw new Error("the C library cannot be opened on this system: call hasLibc first");
  return symbols;
}

/** The error for a system call that the kernel refuses. `code` is the name of the error, for example `EBUSY`. */
export class SystemCallError extends Error {
  override readonly name = "SystemCallError";
  readonly code: string;

  constructor(call: string, errno: number) {
    const code = nameOfErrno(errno);
    super(`${call}: ${code}`);
    this.code = code;
  }
}

/**
 * The error numbers by name. The last two are not in node's list, but drivers of USB devices return them
 * (uapi/asm-generic/errno.h).
 */
export const ERRNO = { ...constants.errno, EREMOTE: 66, ESHUTDOWN: 108 } as const;

const ERRNO_NAMES = new Map(Object.entries(ERRNO).map(([name, errno]) => [errno as number, name]));

/** Returns the name of an error, for example `EBUSY`. */
export function nameOfErrno(errno: number): string {
  return ERRNO_NAMES.get(errno) ?? `error ${errno}`;
}

/** Returns the error number of this thread's last failed call. Read it before any other call of the library. */
function errno(): number {
  const location = libc().__errno_location();
  return location === null ? 0 : read.i32(location, 0);
}

/**
 * Opens a device for reading and writing with open(2). The descriptor is non-blocking, and child processes do not inherit it.
 * Throws SystemCallError.
 */
export function openDevice(path: string): number {
  const flags = OPEN_FLAGS.O_RDWR | OPEN_FLAGS.O_NONBLOCK | OPEN_FLAGS.O_CLOEXEC;
  const descriptor = libc().open(ptr(Buffer.from(`${path}\0`)), flags);
  if (descriptor < 0) throw new SystemCallError(`open ${path}`, errno());
  return descriptor;
}

/** Constants from uapi/asm-generic/fcntl.h, which are the same on both processors. */
const OPEN_FLAGS = { O_RDWR: 0o2, O_NONBLOCK: 0o4000, O_CLOEXEC: 0o2000000 } as const;

export function closeDevice(descriptor: number): void {
  libc().close(descriptor);
}

/** Calls ioctl(2), and calls it again when a signal interrupts it. Returns 0 or the error number. */
export function ioctl(descriptor: number, request: number, argument: Uint8Array): number {
  for (;;) {
    if (libc().ioctl(descriptor, request, ptr(argument)) >= 0) return 0;
    const error = errno();
    if (error !== ERRNO.EINTR) return error;
  }
}

/**
 * Writes a frame with write(2). Returns 0 or the error number, which is EIO if the device took a part of the frame only.
 */
export function writeFrame(descriptor: number, frame: Uint8Array): number {
  for (;;) {
    const written = Number(libc().write(descriptor, ptr(frame), frame.length));
    if (written === frame.length) return 0;
    if (written >= 0) return ERRNO.EIO;
    const error = errno();
    if (error !== ERRNO.EINTR) return error;
  }
}

/** Mapped memory of a device. `bytes` must not be used after `unmap`, because the process would crash. */
export interface Mapping {
  bytes: Uint8Array;
  unmap(): void;
}

const PROT_READ = 1;
const PROT_WRITE = 2;
const MAP_SHARED = 1;

/** Maps memory of a device with mmap(2). Throws SystemCallError. */
export function map(descriptor: number, offset: number, length: number): Mapping {
  const address = Number(libc().mmap(0, length, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, offset));
  if (address === -1) throw new SystemCallError("mmap", errno());
  return {
    bytes: viewOf({ address, bytes: length }),
    unmap() {
      libc().munmap(address as Pointer, length);
    },
  };
}

/** Constants from uapi/asm-generic/poll.h. */
const POLLIN = 0x1;
const POLLPRI = 0x2;
const pollRequest = new DataView(new ArrayBuffer(8));
const pollBytes = new Uint8Array(pollRequest.buffer);

/**
 * Blocks this thread until the device has a frame, an error or an event, or until `timeoutMs` has passed. Returns whether it is
 * an event.
 */
export function waitFor(descriptor: number, timeoutMs: number): boolean {
  pollRequest.setInt32(0, descriptor, true);
  pollRequest.setInt16(4, POLLIN | POLLPRI, true);
  pollRequest.setInt16(6, 0, true);
  return libc().poll(ptr(pollBytes), 1, timeoutMs) > 0 && (pollRequest.getInt16(6, true) & POLLPRI) !== 0;
}

/** Restores the default action of a signal with signal(2), for the whole process. For example, SIGTERM then ends the process. */
export function restoreDefaultAction(signal: number): void {
  const SIG_DFL = null;
  libc().signal(signal, SIG_DFL);
}
