// Reads and writes files that only their owner may read: keys, and what a viewer knows of servers.

import { randomBytes } from "node:crypto";
import {
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { codeOf, UsageError } from "../core/errors.ts";
import { explainFileError } from "../core/file-errors.ts";

const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;
const OTHERS = 0o077;
const OTHERS_WRITE = 0o022;
/** Such a file has some lines. A larger one is another file. */
const MAX_FILE_BYTES = 1024 * 1024;

/**
 * Returns the text of a private file, or null if there is no file. Throws UsageError if other users can read it, if it belongs to another
 * user, or if it cannot be read.
 */
export function readPrivateFile(path: string): string | null {
  let file: number;
  try {
    // Opening a FIFO would wait for a writer without O_NONBLOCK.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const code = codeOf(error);
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    throw new UsageError(`cannot read ${path}: ${explainFileError(error)}`);
  }
  try {
    checkFile(path, fstatSync(file));
    return readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`cannot read ${path}: ${explainFileError(error)}`);
  } finally {
    closeSync(file);
  }
}

function checkFile(path: string, file: Stats): void {
  if (!file.isFile()) throw new UsageError(`cannot read ${path}: it is not a regular file`);
  if (file.size > MAX_FILE_BYTES)
    throw new UsageError(`cannot read ${path}: it has ${file.size} bytes, more than ${MAX_FILE_BYTES}`);
  checkOwner(path, file);
  if ((file.mode & OTHERS) !== 0) {
    const mode = (file.mode & 0o777).toString(8);
    throw new UsageError(`${path} may be read by other users (mode ${mode}): run 'chmod 600 ${path}'`);
  }
}

/** The super-user may read every file, so a file of root is as private as one's own. */
function checkOwner(path: string, { uid }: Stats): void {
  const own = process.geteuid?.();
  if (own === undefined || uid === own || uid === 0 || own === 0) return;
  throw new UsageError(`${path} belongs to another user: remove it, or run this program as its owner`);
}

/**
 * Replaces the text of a private file. Readers see the old text or the new one, and so they do after a power failure. A missing folder is
 * made. Throws UsageError if the file cannot be written, or if other users can write to its folder.
 */
export function writePrivateFile(path: string, text: string): void {
  const temporary = `${path}.${randomBytes(4).toString("hex")}.new`;
  try {
    makePrivateFolder(dirname(path));
    const file = openSync(temporary, "wx", FILE_MODE);
    try {
      writeFileSync(file, text);
      fsyncSync(file);
      renameSync(temporary, path);
    } catch (error) {
      rmSync(temporary, { force: true });
      throw error;
    } finally {
      closeSync(file);
    }
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`cannot write ${path}: ${explainFileError(error)}`);
  }
}

function makePrivateFolder(folder: string): void {
  if (mkdirSync(folder, { recursive: true, mode: FOLDER_MODE }) !== undefined) {
    chmodSync(folder, FOLDER_MODE); // whatever the umask is
    return;
  }
  const { mode } = statSync(folder);
  if ((mode & OTHERS_WRITE) !== 0) {
    throw new UsageError(`other users may write to the folder ${folder}: run 'chmod 700 ${folder}'`);
  }
}

/** A program holds a lock for some milliseconds. An older one was left behind by a program that was killed. */
const LOCK_LIFE_MS = 5_000;
const LOCK_RETRY_MS = 5;

/**
 * Changes a private file, so that no change of another process is lost. `change` gets the present text, or null if there is no file, and
 * returns the new one; with null the file stays as it is. Throws UsageError as reading and writing do.
 */
export function changePrivateFile(path: string, change: (text: string | null) => string | null): void {
  const lock = `${path}.lock`;
  takeLock(lock, path);
  try {
    const text = change(readPrivateFile(path));
    if (text !== null) writePrivateFile(path, text);
  } finally {
    rmSync(lock, { force: true });
  }
}

function takeLock(lock: string, path: string): void {
  try {
    makePrivateFolder(dirname(lock));
    for (;;) {
      try {
        closeSync(openSync(lock, "wx", FILE_MODE));
        return;
      } catch (error) {
        if (codeOf(error) !== "EEXIST") throw error;
      }
      const age = Date.now() - (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
      if (Math.abs(age) > LOCK_LIFE_MS) rmSync(lock, { force: true });
      else Bun.sleepSync(LOCK_RETRY_MS);
    }
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`cannot write ${path}: ${explainFileError(error)}`);
  }
}
