// Old recordings are deleted by age and size, and nothing else is.

import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lineLog, SILENT_LOG } from "../../../src/core/log.ts";
import { deleteOldest } from "../../../src/server/record/kept-recordings.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipstream-test-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Makes a file of 1000 bytes that was written some hours ago. */
function write(camera: string, name: string, hoursAgo: number): string {
  mkdirSync(join(folder, camera), { recursive: true });
  const path = join(folder, camera, name);
  writeFileSync(path, new Uint8Array(1000));
  const time = Date.now() / 1000 - 3600 * hoursAgo;
  utimesSync(path, time, time);
  return path;
}

function writeAll(): string[] {
  const paths = [1, 2, 3, 4].map((hours) =>
    write(hours % 2 === 0 ? "door" : "yard", `x_2026-11-29_0${hours}-00-00.mkv`, 10 - hours),
  );
  write("door", "holiday.mkv", 1000); // not a recording
  writeFileSync(join(folder, "x_2026-11-29_01-00-00.mkv"), ""); // not in the folder of a camera
  return paths;
}

const left = () => readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".mkv"));

test("deleteOldest: deletes what is older than the limit", async () => {
  writeAll();
  await deleteOldest(folder, { seconds: 7.5 * 3600, bytes: null }, new Set(), SILENT_LOG);
  expect(left().toSorted()).toEqual([
    "door/holiday.mkv",
    "door/x_2026-11-29_04-00-00.mkv",
    "x_2026-11-29_01-00-00.mkv",
    "yard/x_2026-11-29_03-00-00.mkv",
  ]);
});

test("deleteOldest: deletes the oldest of all cameras until the rest is small enough, and no file in use", async () => {
  const [oldest = ""] = writeAll();
  await deleteOldest(folder, { seconds: null, bytes: 2500 }, new Set([oldest]), SILENT_LOG);
  expect(left().toSorted()).toEqual([
    "door/holiday.mkv",
    "door/x_2026-11-29_04-00-00.mkv",
    "x_2026-11-29_01-00-00.mkv",
    "yard/x_2026-11-29_01-00-00.mkv",
  ]);
});

test("deleteOldest: what cannot be read keeps no other recording, and folders of no camera are not read", async () => {
  const paths = writeAll();
  const unreadable = join(folder, "door", "x_2026-11-29_00-00-00.mkv");
  symlinkSync(unreadable, unreadable); // a link to itself
  symlinkSync("nowhere", join(folder, "yard", "x_2026-11-29_00-00-00.mkv"));
  mkdirSync(join(folder, "lost+found")); // is there where a disk is mounted
  symlinkSync(unreadable, join(folder, "lost+found", "x_2026-11-29_00-00-00.mkv"));
  const lines: string[] = [];
  await deleteOldest(
    folder,
    { seconds: 3600, bytes: null },
    new Set(),
    lineLog((line) => lines.push(line)),
  );
  expect(paths.filter((path) => existsSync(path))).toEqual([]);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain(`cannot look for old recordings in ${unreadable}: ELOOP`);
});

test("deleteOldest: a file that is to replace a recording counts, and stays", async () => {
  writeAll();
  const unfinished = write("door", ".x_2026-11-29_04-00-00.mkv.h264", 100);
  await deleteOldest(folder, { seconds: 99 * 3600, bytes: 3500 }, new Set(), SILENT_LOG);
  expect(existsSync(unfinished)).toBe(true);
  expect(left().toSorted()).toEqual([
    "door/holiday.mkv",
    "door/x_2026-11-29_04-00-00.mkv",
    "x_2026-11-29_01-00-00.mkv",
    "yard/x_2026-11-29_03-00-00.mkv",
  ]);
});

test("deleteOldest: without limits nothing is deleted", async () => {
  writeAll();
  await deleteOldest(folder, { seconds: null, bytes: null }, new Set(), SILENT_LOG);
  expect(left()).toHaveLength(6);
});
