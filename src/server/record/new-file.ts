// Makes the empty file of a new part of a recording.

import { mkdir, open, statfs } from "node:fs/promises";
import { join } from "node:path";
import { codeOf } from "../../core/errors.ts";
import { fileNameOf, folderNameOf } from "./segment-names.ts";

/** Makes an empty file in the folder of a camera, and returns its path. `wallMs` is its beginning, in milliseconds since 1970. */
export async function makeFile(recordings: string, camera: string, wallMs: number): Promise<string> {
  const name = folderNameOf(camera);
  const folder = join(recordings, name);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (let attempt = 1; ; attempt++) {
    const path = join(folder, fileNameOf(name, wallMs, attempt));
    if (await isMade(path)) return path;
  }
}

/** Returns false if there is a file already: the names of two cameras can give the same folder. */
async function isMade(path: string): Promise<boolean> {
  try {
    await (await open(path, "wx")).close();
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  }
}

/** Returns the number of free bytes on the disk of a folder. */
export async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}
