// Writes shown pictures as raw RGBA to a file or to standard output (--output).

import { type FileHandle, open } from "node:fs/promises";
import { settlesWithin } from "../../core/clock.ts";
import { codeOf, MissingError, messageOf } from "../../core/errors.ts";
import { explainFileError } from "../../core/file-errors.ts";

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

function standardOutput(): FrameOutput {
  const { stdout } = process;
  // Each write reports its own failure. Without this listener an error event would end the process.
  stdout.on("error", () => undefined);
  return {
    write: (pixels) =>
      new Promise((resolve, reject) => {
        stdout.write(pixels, (error) => (error ? reject(error) : resolve()));
      }),
    close: () => Promise.resolve(), // the system closes standard output at the end of the process
  };
}
