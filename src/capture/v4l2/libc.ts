// The C library by bun:ffi: what it takes to open a device, ask it things, map its memory and wait for it.

import { dlopen, type Pointer, ptr, read, toArrayBuffer } from "bun:ffi";
import { constants } from "node:os";

const FUNCTIONS = {
  open: { args: ["ptr", "i32"], returns: "i32" },
  close: { args: ["i32"], returns: "i32" },
  ioctl: { args: ["i32", "u64", "ptr"], returns: "i32" },
  mmap: { args: ["usize", "usize", "i32", "i32", "i32", "i64"], returns: "i64" },
  munmap: { args: ["ptr", "usize"], returns: "i32" },
  poll: { args: ["ptr", "u64", "i32"], returns: "i32" },
  clock_gettime: { args: ["i32", "ptr"], returns: "i32" },
  __errno_location: { args: [], returns: "ptr" },
} as const;

/** glibc's name first, then musl's. */
const LIBRARIES = ["libc.so.6", "libc.so"];

type Libc = ReturnType<typeof dlopen<typeof FUNCTIONS>>["symbols"];
let loaded: Libc | null | undefined;

/**
 * Whether V4L2 can be spoken here: Linux on x86-64 or arm64, of which the layouts are known, with a C library that opens.
 */
export function hasLibc(): boolean {
  return load() !== null;
}

function load(): Libc | null {
  if (loaded !== undefined) return loaded;
  loaded = null;
  if (process.platform !== "linux" || (process.arch !== "x64" && process.arch !== "arm64")) return null;
  for (const library of LIBRARIES) {
    try {
      loaded = dlopen(library, FUNCTIONS).symbols;
      break;
    } catch {
      // Not there, or not to be opened: the next one, and without any hasLibc says so.
    }
  }
  return loaded;
}

function libc(): Libc {
  const symbols = load();
  if (symbols === null) throw new Error("the C library cannot be opened here; ask hasLibc first");
  return symbols;
}

/** A call that the system refused; `code` is its name for the reason, as `EBUSY`. */
export class SystemCallError extends Error {
  override readonly name = "SystemCallError";
  readonly code: string;

  constructor(call: string, errno: number) {
    const code = nameOfErrno(errno);
    super(`${call}: ${code}`);
    this.code = code;
  }
}

/** Errors by their names; two that a USB device's driver passes on are not in node's list (uapi/asm-generic/errno.h, both processors). */
export const ERRNO = { ...constants.errno, EREMOTE: 66, ESHUTDOWN: 108 } as const;

const ERRNO_NAMES = new Map(Object.entries(ERRNO).map(([name, errno]) => [errno as number, name]));

/** As `EBUSY`. */
export function nameOfErrno(errno: number): string {
  return ERRNO_NAMES.get(errno) ?? `error ${errno}`;
}

/** Of this thread's last call that failed; to be read before any other call. */
function errno(): number {
  const location = libc().__errno_location();
  return location === null ? 0 : read.i32(location, 0);
}

/** open(2), read and write, without blocking, not inherited by child processes. Throws SystemCallError. */
export function openDevice(path: string): number {
  const flags = OPEN_FLAGS.O_RDWR | OPEN_FLAGS.O_NONBLOCK | OPEN_FLAGS.O_CLOEXEC;
  const descriptor = libc().open(ptr(Buffer.from(`${path}\0`)), flags);
  if (descriptor < 0) throw new SystemCallError(`open ${path}`, errno());
  return descriptor;
}

/** uapi/asm-generic/fcntl.h; the same on both processors. */
const OPEN_FLAGS = { O_RDWR: 0o2, O_NONBLOCK: 0o4000, O_CLOEXEC: 0o2000000 } as const;

export function closeDevice(descriptor: number): void {
  libc().close(descriptor);
}

/** ioctl(2), again when a signal came between; 0 or the error's number. */
export function ioctl(descriptor: number, request: number, argument: Uint8Array): number {
  for (;;) {
    if (libc().ioctl(descriptor, request, ptr(argument)) >= 0) return 0;
    const error = errno();
    if (error !== ERRNO.EINTR) return error;
  }
}

/** Where bytes lie; for structures that point to others. They must stay reachable for as long as that is used. */
export function addressOf(bytes: Uint8Array): bigint {
  return BigInt(ptr(bytes));
}

/** A view of memory that another thread has the address of; that thread keeps it for as long as the view is used. */
export function viewOf({ address, bytes }: { address: number; bytes: number }): Uint8Array {
  return new Uint8Array(toArrayBuffer(address as Pointer, 0, bytes));
}

/** Memory of a device. Views of `bytes` must not be used after `unmap`: the process would crash. */
export interface Mapping {
  bytes: Uint8Array;
  unmap(): void;
}

const PROT_READ = 1;
const PROT_WRITE = 2;
const MAP_SHARED = 1;

/** mmap(2) of a device's memory. Throws SystemCallError. */
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

/** uapi/asm-generic/poll.h */
const POLLIN = 0x1;
const POLLPRI = 0x2;
const pollRequest = new DataView(new ArrayBuffer(8));
const pollBytes = new Uint8Array(pollRequest.buffer);

/** Blocks this thread until the device has a frame, an error or an event, or the time is over. Whether it is an event. */
export function waitFor(descriptor: number, timeoutMs: number): boolean {
  pollRequest.setInt32(0, descriptor, true);
  pollRequest.setInt16(4, POLLIN | POLLPRI, true);
  pollRequest.setInt16(6, 0, true);
  return libc().poll(ptr(pollBytes), 1, timeoutMs) > 0 && (pollRequest.getInt16(6, true) & POLLPRI) !== 0;
}

const CLOCK_MONOTONIC = 1;
/** Seconds and nanoseconds, of which the lower halves are enough. */
const timespec = new Uint32Array(4);

/** CLOCK_MONOTONIC, by which the kernel stamps frames, in microseconds. */
export function monotonicMicros(): number {
  libc().clock_gettime(CLOCK_MONOTONIC, ptr(timespec));
  return (timespec[0] as number) * 1e6 + (timespec[2] as number) / 1e3;
}
