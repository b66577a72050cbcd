// Saves the last seconds of a camera, which a server keeps, as a file (key C, and the program `clip`).

import { type FileHandle, open, rm } from "node:fs/promises";
import { messageOf, UsageError } from "../../core/errors.ts";
import { explainFileError } from "../../core/file-errors.ts";
import type { Log } from "../../core/log.ts";
import type { Address } from "../../connect/address.ts";
import { type AskedServer, receiveClip } from "../../connect/ask.ts";
import { savedPath } from "./saved-path.ts";

/** The length of the clips of key C. */
const KEY_SECONDS = 30;

/**
 * Writes the last seconds to a new file, which other users of the machine cannot read. Resolves with the number of its bytes. Throws
 * what `receiveClip` throws, and UsageError if the file cannot be made. Then there is no file.
 */
export async function saveClip(
  server: AskedServer,
  seconds: number,
  path: string,
  signal: AbortSignal,
): Promise<number> {
  const file = await create(path);
  let bytes = 0;
  try {
    const write = async (part: Uint8Array) => {
      bytes += part.length;
      await file.appendFile(part);
    };
    await receiveClip(server, seconds, write, signal);
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await file.close();
  }
  return bytes;
}

/** Makes a file. No file is overwritten. */
async function create(path: string): Promise<FileHandle> {
  try {
    return await open(path, "wx", 0o600);
  } catch (error) {
    throw new UsageError(
      `cannot make ${path}: ${explainFileError(error, { EEXIST: "there is a file of this name already" })}`,
    );
  }
}

/**
 * Returns the function of key C. It saves the last 30 seconds of a camera into the working folder, one clip at a time, over a connection
 * of its own. It tells the outcome in the log.
 */
export function clipKey(access: AskedServer["access"], signal: AbortSignal, log: Log): (address: Address) => void {
  let isSaving = false;
  return (address) => {
    if (isSaving) return;
    isSaving = true;
    const path = savedPath(`last-${KEY_SECONDS}s.mkv`);
    log.info(`saving the last ${KEY_SECONDS} s`);
    const saved = saveClip({ address, access }, KEY_SECONDS, path, signal);
    const told = saved.then(
      (bytes) => log.info(`saved ${path} (${(bytes / 1e6).toFixed(1)} MB)`),
      (error: unknown) => {
        if (!signal.aborted) log.warning(`the clip was not saved: ${messageOf(error)}`);
      },
    );
    void told.then(() => {
      isSaving = false;
    });
  };
}
