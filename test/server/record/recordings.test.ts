// The settings of recordings are checked before anything is recorded.

import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkRecordings } from "../../../src/server/record/recordings.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipstream-test-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("checkRecordings: the limits of a folder are the same for all its cameras", () => {
  const camera = (name: string, seconds: number | null, bytes: number | null = null) => ({
    record: { folder: join(folder, name), segmentSeconds: 600, keep: { seconds, bytes }, aroundMotion: null },
  });
  checkRecordings([{ record: null }, camera("one", 60, 1000), camera("one", 60, 1000), camera("two", null)]);
  for (const other of [camera("one", 61, 1000), camera("one", 60), camera("one", null)]) {
    expect(() => checkRecordings([camera("one", 60, 1000), camera("two", 60), other])).toThrow(
      `cameras record to ${join(folder, "one")} with different limits of what is kept`,
    );
  }
});
