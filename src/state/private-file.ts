// Reads and writes files that only their owner may read: keys, and a viewer's list of known servers.

import { Database } from "bun:sqlite";
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  closeSync,
  constants,
  fchownSync,
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
/** The bits of a mode that let other users write. */
export const OTHERS_WRITE = 0o022;
/** Texts for the errors of writing. A missing folder is made, and these errors mean that this was not possible. */
const NO_FOLDER = {
  ENOENT: "its folder cannot be made",
  ENOTDIR: "its folder cannot be made",
  EEXIST: "its folder cannot be made",
};
/** The largest file that is read. The files here have only some lines, so a larger one is another file. */
const MAX_FILE_BYTES = 1024 * 1024;

/**
 * Returns the text of a private file, or null if there is no file. Throws UsageError if other users can read it, if it belongs to
 * another user, or if it cannot be read.
 */
export function readPrivateFile(path: string): string | null {
  let file: number;
  try {
    // Without O_NONBLOCK, opening a FIFO would wait for a writer.
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

/**
 * Checks that the file belongs to this user or to root. Files of root are private too, because root can read every file anyway.
 */
function checkOwner(path: string, { uid }: Stats): void {
  const own = process.geteuid?.();
  if (own === undefined || uid === own || uid === 0 || own === 0) return;
  throw new UsageError(`${path} belongs to another user: remove it, or run this program as its owner`);
}

/**
 * Replaces the contents of a private file. Readers see either the old or the new contents, even after a power failure. If the
 * folder is missing, it is made. Throws UsageError if the file cannot be written, or if other users can write to its folder.
 */
export function writePrivateFile(path: string, contents: string | Uint8Array): void {
  const temporary = `${path}.${randomBytes(4).toString("hex")}.new`;
  try {
    makePrivateFolder(dirname(path));
    const file = openSync(temporary, "wx", FILE_MODE);
    try {
      giveToOwnerOf(dirname(path), file);
      writeFileSync(file, contents);
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
    throw new UsageError(`cannot write ${path}: ${explainFileError(error, NO_FOLDER)}`);
  }
}

/** Gives a file that root writes for a service to the user of the service, because otherwise the service could not read it. */
function giveToOwnerOf(folder: string, file: number): void {
  if (process.geteuid?.() !== 0) return;
  const { uid, gid } = statSync(folder);
  fchownSync(file, uid, gid);
}

function makePrivateFolder(folder: string): void {
  if (mkdirSync(folder, { recursive: true, mode: FOLDER_MODE }) !== undefined) {
    chmodSync(folder, FOLDER_MODE); // independent of the umask
    return;
  }
  const { mode } = statSync(folder);
  if ((mode & OTHERS_WRITE) !== 0) {
    throw new UsageError(`other users may write to the folder ${folder}: run 'chmod 700 ${folder}'`);
  }
}

/** The longest wait for another process, which usually needs some milliseconds. */
const LOCK_PATIENCE_MS = 5_000;

/**
 * Changes a private file. A lock makes sure that no change of another process is lost. `change` gets the current text, or null if
 * there is no file. It returns the new text, or null to leave the file unchanged. Throws UsageError like the functions for
 * reading and writing, and if another process keeps the lock.
 */
export function changePrivateFile(path: string, change: (text: string | null) => string | null): void {
  using _ = takeLock(path);
  const text = change(readPrivateFile(path));
  if (text !== null) writePrivateFile(path, text);
}

/**
 * Takes the lock of a file. It is a lock of SQLite on an empty database beside the file, because the system releases such a lock
 * when its process ends, even if the process was killed (https://sqlite.org/lockingv3.html). The empty file stays.
 */
function takeLock(path: string): Disposable {
  const lock = `${path}.lock`;
  try {
    makePrivateFolder(dirname(lock));
    const file = openSync(lock, "a", FILE_MODE);
    try {
      giveToOwnerOf(dirname(lock), file);
    } finally {
      closeSync(file);
    }
    const database = new Database(lock);
    try {
      database.run(`PRAGMA busy_timeout = ${LOCK_PATIENCE_MS}`);
      database.run("BEGIN EXCLUSIVE");
    } catch (error) {
      database.close();
      throw error;
    }
    return { [Symbol.dispose]: () => database.close() };
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const reason =
      codeOf(error) === "SQLITE_BUSY"
        ? `another program has kept ${lock} locked for ${LOCK_PATIENCE_MS / 1000} s: end that program`
        : explainFileError(error, NO_FOLDER);
    throw new UsageError(`cannot write ${path}: ${reason}`);
  }
}
