// Deletes the oldest recordings of a folder when they are too old, or too large together.

import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { codeOf, messageOf } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";
import { folderNameOf, isRecordingName, isUnfinishedName } from "./segment-names.ts";

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
  /** Whether it is being written, and will replace a recording. */
  isUnfinished: boolean;
}

/**
 * Deletes recordings in the subfolders of `folder` until the limits hold, the oldest first. Other files stay, and so do those of
 * `inUse`. Unfinished files that are to replace recordings count, and stay. What cannot be read or deleted is logged, and the others are deleted all the same.
 */
export async function deleteOldest(
  folder: string,
  { seconds, bytes }: KeepLimits,
  inUse: ReadonlySet<string>,
  log: Log,
): Promise<void> {
  if (seconds === null && bytes === null) return;
  const recordings = await findRecordings(folder, log);
  let total = recordings.reduce((sum, each) => sum + each.bytes, 0);
  const oldest = Date.now() - (seconds ?? Number.POSITIVE_INFINITY) * 1000;
  for (const { path, bytes: size, writtenAt, isUnfinished } of recordings) {
    if (isUnfinished || inUse.has(path) || (writtenAt >= oldest && total <= (bytes ?? Number.POSITIVE_INFINITY)))
      continue;
    try {
      await rm(path);
      total -= size;
      log.debug(`${path} is deleted, because it is ${writtenAt < oldest ? "too old" : "beyond the size to keep"}`);
    } catch (error) {
      log.warning(`cannot delete the old recording ${path}: ${messageOf(error)}`);
    }
  }
}

/**
 * Deletes the unfinished files that a server has left behind which was killed. What cannot be read or deleted is logged. No server may
 * be writing such files to the folder.
 */
export async function deleteUnfinished(folder: string, log: Log): Promise<void> {
  for (const { path, isUnfinished } of await findRecordings(folder, log)) {
    if (!isUnfinished) continue;
    try {
      await rm(path, { force: true });
      log.debug(`${path} is deleted, because it was not finished`);
    } catch (error) {
      log.warning(`cannot delete the unfinished file ${path}: ${messageOf(error)}`);
    }
  }
}

/** Returns the recordings of all cameras and their unfinished files, with the oldest first. */
async function findRecordings(folder: string, log: Log): Promise<Recording[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  // Other folders can be unreadable, for example `lost+found` where a disk is mounted.
  const cameras = entries.filter((entry) => entry.isDirectory() && folderNameOf(entry.name) === entry.name);
  const found = await Promise.all(cameras.map(({ name }) => findIn(join(folder, name), log)));
  return found.flat().toSorted((a, b) => a.writtenAt - b.writtenAt);
}

async function findIn(folder: string, log: Log): Promise<Recording[]> {
  const names = await orNone(readdir(folder), folder, log);
  const found = names.map((name) => {
    const isUnfinished = isUnfinishedName(name);
    if (!isUnfinished && !isRecordingName(name)) return [];
    const path = join(folder, name);
    const recording = stat(path).then(({ size, mtimeMs }) => [{ path, bytes: size, writtenAt: mtimeMs, isUnfinished }]);
    return orNone(recording, path, log);
  });
  return (await Promise.all(found)).flat();
}

/** Returns nothing for a path that somebody has deleted meanwhile, and for one that cannot be read, which is logged. */
async function orNone<Found>(found: Promise<Found[]>, path: string, log: Log): Promise<Found[]> {
  try {
    return await found;
  } catch (error) {
    if (codeOf(error) !== "ENOENT") log.warning(`cannot look for old recordings in ${path}: ${messageOf(error)}`);
    return [];
  }
}
