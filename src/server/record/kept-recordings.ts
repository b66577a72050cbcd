// Deletes the oldest recordings of a folder when they are too old, or too large together.

import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";
import { isRecordingName } from "./segment-names.ts";

/** How long recordings are kept. Null means no limit. */
export interface KeepLimits {
  seconds: number | null;
  bytes: number | null;
}

interface Recording {
  path: string;
  bytes: number;
  /** The time of the last write, in milliseconds since 1970. */
  writtenAt: number;
}

/**
 * Deletes recordings in the subfolders of `folder` until the limits hold, the oldest first. Other files stay, and so do those of
 * `inUse`. What cannot be deleted is logged.
 */
export async function deleteOldest(
  folder: string,
  { seconds, bytes }: KeepLimits,
  inUse: ReadonlySet<string>,
  log: Log,
): Promise<void> {
  if (seconds === null && bytes === null) return;
  const recordings = await findRecordings(folder);
  let total = recordings.reduce((sum, each) => sum + each.bytes, 0);
  const oldest = Date.now() - (seconds ?? Number.POSITIVE_INFINITY) * 1000;
  for (const { path, bytes: size, writtenAt } of recordings) {
    if (inUse.has(path) || (writtenAt >= oldest && total <= (bytes ?? Number.POSITIVE_INFINITY))) continue;
    try {
      await rm(path);
      total -= size;
      log.debug(`${path} is deleted, because it is ${writtenAt < oldest ? "too old" : "beyond the size to keep"}`);
    } catch (error) {
      log.warning(`cannot delete the old recording ${path}: ${messageOf(error)}`);
    }
  }
}

/** Returns the recordings of all cameras, with the oldest first. */
async function findRecordings(folder: string): Promise<Recording[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const found = entries.filter((entry) => entry.isDirectory()).map(({ name }) => findIn(join(folder, name)));
  return (await Promise.all(found)).flat().toSorted((a, b) => a.writtenAt - b.writtenAt);
}

async function findIn(folder: string): Promise<Recording[]> {
  const names = (await readdir(folder)).filter(isRecordingName);
  return Promise.all(
    names.map(async (name) => {
      const path = join(folder, name);
      const { size, mtimeMs } = await stat(path);
      return { path, bytes: size, writtenAt: mtimeMs };
    }),
  );
}
