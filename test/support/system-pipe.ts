// A pipe of the system between two programs, as a shell makes it: blocking, with the kernel's own size.

import { closeSync } from "node:fs";
import { ptr } from "bun:ffi";
import { openLibc } from "../../src/system/open-libc.ts";

const O_CLOEXEC = 0o2000000;
const libc = openLibc({ pipe2: { args: ["ptr", "i32"], returns: "i32" } });

/** A pipe's two ends in this process, which a program can get as `stdin` or `stdout` of `Bun.spawn`. */
export class SystemPipe implements Disposable {
  readonly readingEnd: number;
  readonly writingEnd: number;
  readonly #open: Set<number>;

  constructor(readingEnd: number, writingEnd: number) {
    this.readingEnd = readingEnd;
    this.writingEnd = writingEnd;
    this.#open = new Set([readingEnd, writingEnd]);
  }

  /** Closes the writing end, so that a reader sees the end of the bytes. */
  closeWriting(): void {
    if (this.#open.delete(this.writingEnd)) closeSync(this.writingEnd);
  }

  /** Closes both ends in this process. Programs that have them keep theirs. */
  [Symbol.dispose](): void {
    this.closeWriting();
    if (this.#open.delete(this.readingEnd)) closeSync(this.readingEnd);
  }
}

/** Opens a pipe with pipe(2). Throws if the system has none. */
export function openSystemPipe(): SystemPipe {
  const ends = new Int32Array(2);
  if (libc === null || libc.pipe2(ptr(ends), O_CLOEXEC) !== 0) throw new Error("the system has opened no pipe");
  return new SystemPipe(ends[0] as number, ends[1] as number);
}
