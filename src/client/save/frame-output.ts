// --output: writes shown pictures as raw RGBA to a file or standard output.

import { type FileHandle, open } from "node:fs/promises";
import { codeOf, MissingError, messageOf } from "../../core/errors.ts";
import { explainFileError } from "../../core/file-errors.ts";

/** The reader of the frames has closed its end. The viewer ends without an error. */
export class OutputClosed extends Error {
  override readonly name = "OutputClosed";
}

/** `write` rejects with OutputClosed, or with MissingError if the frame cannot be written. */
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
        if (codeOf(cause) === "EPIPE") throw new OutputClosed("the reader of the output has gone", { cause });
        throw new MissingError(`cannot write to ${path}: ${messageOf(cause)}; is the disk full?`, { cause });
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
  EISDIR: "it is a folder; name a file in it",
};

function fileOutput(file: FileHandle): FrameOutput {
  return {
    async write(pixels) {
      for (let written = 0; written < pixels.length;) {
        written += (await file.write(pixels, written, pixels.length - written)).bytesWritten;
      }
    },
    close: () => file.close(),
  };
}

function standardOutput(): FrameOutput {
  const { stdout } = process;
  stdout.on("error", () => undefined); // each write reports its own failure; an error event without a listener would end the process
  return {
    write: (pixels) =>
      new Promise((resolve, reject) => {
        stdout.write(pixels, (error) => (error ? reject(error) : resolve()));
      }),
    close: () => Promise.resolve(), // the process closes it
  };
}
