// saveSnapshot: the bytes are unchanged, only the user can read the file, and no other file is overwritten.

import { expect, test } from "bun:test";
import { readFileSync, statSync } from "node:fs";
import { saveSnapshot } from "../../../src/client/save/snapshot.ts";
import { useWorkingFolder } from "../../support/working-folder.ts";

useWorkingFolder();

test("saveSnapshot: writes the JPEG as it is, to a file that only the user can read", async () => {
  const jpeg = new Uint8Array([0xff, 0xd8, 1, 2, 3, 0xff, 0xd9]);
  const path = await saveSnapshot(jpeg, 7);
  expect(path).toMatch(/slipstream-\d{8}T\d{6}Z-frame7\.jpg$/);
  expect(new Uint8Array(readFileSync(path))).toEqual(jpeg);
  if (process.platform !== "win32") expect(statSync(path).mode & 0o777).toBe(0o600);
});

test("saveSnapshot: the name of a picture of the past has its age, and not the number of a live frame", async () => {
  const path = await saveSnapshot(new Uint8Array([1]), 7, 12_345.6);
  expect(path).toMatch(/slipstream-\d{8}T\d{6}Z-12346ms-ago\.jpg$/);
});

test("saveSnapshot: never overwrites a file", async () => {
  const path = await saveSnapshot(new Uint8Array([1]), 7);
  // A second snapshot of the same frame has the same file name within a second, and a different one after that.
  const again = await saveSnapshot(new Uint8Array([2]), 7).catch(() => null);
  if (again === path) throw new Error("the file was overwritten");
  expect(readFileSync(path)[0]).toBe(1);
});
