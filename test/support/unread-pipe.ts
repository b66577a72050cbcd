// A pipe that is full and not read until the test reads it.

import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { codeOf } from "../../src/core/errors.ts";

export class UnreadPipe implements Disposable {
  /** The end that a program gets as its output. */
  readonly writingEnd: number;
  readonly #readingEnd: number;
  readonly #folder = mkdtempSync(join(tmpdir(), "slipstream-pipe-"));
  #filler = 0;

  constructor() {
    const path = join(this.#folder, "pipe");
    if (!Bun.spawnSync(["mkfifo", path]).success) throw new Error("mkfifo failed");
    this.#readingEnd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
    this.writingEnd = openSync(path, constants.O_WRONLY);
    for (const bytes of [Buffer.alloc(4096, "\n"), Buffer.from("\n")]) {
      while (attempt(() => writeSync(this.#readingEnd, bytes)) > 0) this.#filler += bytes.length;
    }
  }

  /** Reads the current text of the pipe, without the bytes that filled it at first. */
  read(): string {
    const parts: Buffer[] = [];
    for (;;) {
      const part = Buffer.alloc(65536);
      const length = attempt(() => readSync(this.#readingEnd, part));
      if (length === 0) break;
      parts.push(part.subarray(0, length));
    }
    const bytes = Buffer.concat(parts);
    const filler = Math.min(this.#filler, bytes.length);
    this.#filler -= filler;
    return bytes.subarray(filler).toString();
  }

  [Symbol.dispose](): void {
    closeSync(this.writingEnd);
    closeSync(this.#readingEnd);
    rmSync(this.#folder, { recursive: true });
  }
}

/** Calls a function that reads or writes. Returns the number of bytes, or 0 if the call would block. */
function attempt(call: () => number): number {
  try {
    return call();
  } catch (error) {
    if (codeOf(error) === "EAGAIN") return 0;
    throw error;
  }
}
