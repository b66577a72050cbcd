// Copies files from inside a compiled program to the disk, because other programs and the system cannot read them there.

import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { codeOf } from "../core/errors.ts";
import { cacheFolder } from "./folder.ts";
import { OTHERS_WRITE, writePrivateFile } from "./private-file.ts";

/**
 * Returns the path of a file on a disk with the bytes of `file`. A file inside a compiled program is copied to the cache folder.
 * The folder of the copy has the hash of its bytes as its name, and a copy with other bytes is replaced. Throws UsageError if the
 * copy cannot be written, or if other users may write to its folder.
 */
export function fileOnDisk(file: string, isInside: boolean = Bun.isStandaloneExecutable): string {
  if (!isInside) return file;
  const bytes = readFileSync(file);
  const hash = createHash("sha256").update(bytes).digest("hex");
  const copy = join(cacheFolder(), hash.slice(0, 16), basename(file));
  if (!bytes.equals(readCopy(copy))) writePrivateFile(copy, bytes);
  return copy;
}

/** Returns no bytes if there is no copy, or if other users may replace it. */
function readCopy(path: string): Uint8Array {
  try {
    const isSafe = (statSync(dirname(path)).mode & OTHERS_WRITE) === 0;
    return isSafe ? readFileSync(path) : new Uint8Array();
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return new Uint8Array();
    throw error;
  }
}
