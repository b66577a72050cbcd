// Opens the C library of Linux for bun:ffi.

import { dlopen, type FFIFunction } from "bun:ffi";

/** The file names of the C library: glibc, then musl. */
const LIBRARIES = ["libc.so.6", "libc.so"];

/**
 * Returns functions of the C library. Returns null on systems other than Linux on x86-64 and arm64, whose constants and layouts the
 * callers know, and if the library cannot be loaded. Callers keep the result, because each call loads the functions again.
 */
export function openLibc<Functions extends Record<string, FFIFunction>>(
  functions: Functions,
): ReturnType<typeof dlopen<Functions>>["symbols"] | null {
  if (process.platform !== "linux" || (process.arch !== "x64" && process.arch !== "arm64")) return null;
  for (const library of LIBRARIES) {
    try {
      return dlopen(library, functions).symbols;
    } catch {
      // This library is missing or cannot be loaded, so the next one is tried. If all fail, the caller gets null.
    }
  }
  return null;
}
