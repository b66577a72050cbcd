// Writes shown pictures as raw RGBA to a file or to standard output (--output).

import { write } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { promisify } from "node:util";
import { settlesWithin } from "../../core/clock.ts";
import { codeOf, MissingError, messageOf } from "../../core/errors.ts";
import { explainFileError } from "../../core/file-errors.ts";
import { enlargePipe } from "../../system/pipes.ts";

/** The reader of the frames has closed the pipe. The viewer then ends without an error. */
export class OutputClosed extends Error {
  override readonly name = "OutputClosed";
}

/** An output for raw frames. `write` rejects with OutputClosed, or with MissingError if the frame cannot be written. */
export interface FrameOutput {
  /** Resolves when the frame is written and its pixels may change. */
  write(pixels: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/** Opens `path`, or standard output for `-`. Throws MissingError if it cannot be written. */
export async function openFrameOutput(path: string): Promise<FrameOutput> {
  const sink = path === "-" ? standardOutput() : fileOutput(await openFile(path));
  return {
    async write(pixels) {
      try {
        await sink.write(pixels);
      } catch (cause) {
        if (codeOf(cause) === "EPIPE")
          throw new OutputClosed("the reader of the output has closed the pipe", { cause });
        throw new MissingError(`cannot write to ${path}: ${messageOf(cause)} (check whether the disk is full)`, {
          cause,
        });
      }
    },
    close: () => sink.close(),
  };
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, "w");
  } catch (cause) {
    throw new MissingError(`cannot write to ${path}: ${explainFileError(cause, UNWRITABLE)}`, { cause });
  }
}

const UNWRITABLE = {
  ENOENT: "there is no such folder",
  ENOTDIR: "there is no such folder",
  EISDIR: "it is a folder: name a file in it",
};

/** The longest wait for the last frame at the end. The wait is needed only if the reader of a pipe is slow. */
const LAST_FRAME_MS = 500;

function fileOutput(file: FileHandle): FrameOutput {
  let writing: Promise<void> = Promise.resolve();
  const write = async (pixels: Uint8Array) => {
    for (let written = 0; written < pixels.length;) {
      written += (await file.write(pixels, written, pixels.length - written)).bytesWritten;
    }
  };
  return {
    write: (pixels) => (writing = write(pixels)),
    async close() {
      if (await settlesWithin(writing, LAST_FRAME_MS)) await file.close();
    },
  };
}

/** The descriptor of standard output. */
const STANDARD_OUTPUT = 1;
/** The pause before another try, if another program has made the pipe or terminal non-blocking. */
const RETRY_MS = 2;

const writeSome = promisify(write);

/**
 * A thread of the runtime writes to standard output. With `process.stdout` the main thread would copy each frame and write it in
 * parts, which takes up to twice the processor time.
 */
function standardOutput(): FrameOutput {
  let isEnlarged = false;
  return {
    async write(pixels) {
      if (!isEnlarged) enlargePipe(STANDARD_OUTPUT, pixels.length);
      isEnlarged = true;
      for (let written = 0; written < pixels.length;) {
        try {
          written += (await writeSome(STANDARD_OUTPUT, pixels, written, pixels.length - written, null)).bytesWritten;
        } catch (error) {
          if (codeOf(error) !== "EAGAIN") throw error;
          await Bun.sleep(RETRY_MS);
        }
      }
    },
    close: () => Promise.resolve(), // the system closes standard output at the end of the process
  };
}
